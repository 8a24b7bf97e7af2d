import type { ContentSource, RegistryClient } from "@reg/sdk";

export type Outcome =
  | { readonly target: string; readonly ok: true; readonly digest: string; readonly bytes: number }
  | { readonly target: string; readonly ok: false; readonly code: string; readonly message: string };

/** Pushes to all targets at once; a failure at one does not stop the others. */
export async function pushToAll(
  client: RegistryClient,
  source: ContentSource,
  name: string,
  targets: readonly string[],
): Promise<readonly Outcome[]> {
  const pushes = targets.map(async (target): Promise<Outcome> => {
    try {
      const { descriptor, bytes } = await client.push(source, name, target);
      return { target, ok: true, digest: descriptor.digest, bytes };
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "FAILED";
      return { target, ok: false, code, message: error instanceof Error ? error.message : String(error) };
    }
  });
  return Promise.all(pushes);
}
