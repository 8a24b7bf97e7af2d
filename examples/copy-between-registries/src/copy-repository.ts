import type { RegistryClient } from "@reg/sdk";

export interface CopiedTag {
  readonly tag: string;
  readonly digest: string;
  readonly bytes: number;
}

/** Copies the tags of a repository one after the other, each with all its platforms and what refers to it. */
export async function* copyRepository(
  client: RegistryClient,
  from: string,
  to: string,
  match: string,
): AsyncGenerator<CopiedTag> {
  for await (const tag of client.tags.list(from, { match })) {
    const { descriptor, bytes } = await client.copy(`${from}:${tag}`, `${to}:${tag}`, { referrers: true });
    yield { tag, digest: descriptor.digest, bytes };
  }
}
