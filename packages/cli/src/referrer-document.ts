import type { Descriptor } from "@reg/sdk";

/** One referrer of `reg referrers` and `reg artifact discover`, as JSON. */
export function referrerDocument({ digest, mediaType, size, artifactType, annotations }: Descriptor): object {
  return { digest, mediaType, size, artifactType: artifactType ?? null, annotations: annotations ?? {} };
}
