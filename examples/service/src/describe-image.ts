import { isRegistryError, parseReference, type RegistryClient } from "@reg/sdk";

export interface ImageAnswer {
  readonly reference: string;
  readonly digest: string;
  readonly created: string | undefined;
  readonly bytes: number;
  readonly platforms: readonly string[];
  /** The newest version among the tags, where that is not the one asked for. */
  readonly newer: string | null;
  /** What refers to the image, by kind: signatures, SBOMs, attestations. */
  readonly attached: Readonly<Record<string, number>>;
}

export interface ImageFailure {
  readonly reference: string;
  readonly error: { readonly code: string; readonly message: string };
}

/** Gathers what is known of an image; never rejects, so that one bad name does not spoil a list. */
export async function describeImage(
  client: RegistryClient,
  input: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<ImageAnswer | ImageFailure> {
  try {
    const reference = parseReference(input, { defaultTag: "latest" });
    const [image, newer] = await Promise.all([
      client.images.inspect(reference, { signal }),
      newestVersion(client, input, signal),
    ]);
    const attached: Record<string, number> = {};
    const subject = reference.with({ digest: image.digest });
    for await (const { artifactType = "unknown" } of client.referrers.list(subject, { signal }))
      attached[artifactType] = (attached[artifactType] ?? 0) + 1;
    return {
      reference: image.reference,
      digest: image.digest,
      created: image.created,
      bytes: image.size,
      platforms: image.platforms.map(({ os, architecture }) => `${os}/${architecture}`),
      newer: newer === reference.tag ? null : newer,
      attached,
    };
  } catch (error) {
    const code = isRegistryError(error) ? error.code : error instanceof Error ? error.name : "UNKNOWN";
    return {
      reference: input,
      error: { code, message: error instanceof Error ? error.message : String(error) },
    };
  }
}

async function newestVersion(
  client: RegistryClient,
  input: string,
  signal: AbortSignal,
): Promise<string | null> {
  const options = { semver: "*", order: "semver", reverse: true, limit: 1, signal } as const;
  for await (const tag of client.tags.list(parseReference(input), options)) return tag;
  return null;
}
