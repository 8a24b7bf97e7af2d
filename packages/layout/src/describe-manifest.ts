import { ContentError, type Descriptor, digestAlgorithm, parseManifest } from "@reg/content";

/** The descriptor of a manifest of which only the digest is known: its type has to be read. Code `DIGEST_MISMATCH`. */
export function describeManifest(bytes: Uint8Array, digest: string): Descriptor {
  const { descriptor } = parseManifest(bytes, undefined, { algorithm: digestAlgorithm(digest) });
  if (descriptor.digest === digest) return descriptor;
  throw new ContentError(
    "DIGEST_MISMATCH",
    `The content of ${digest} is wrong: its digest is ${descriptor.digest}.`,
  );
}
