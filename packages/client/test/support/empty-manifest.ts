import { digestOf, MEDIA_TYPES } from "@reg/content";

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The smallest image manifest: no layers, and a configuration of two bytes. */
export const emptyManifest: Uint8Array = encode(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encode("{}")), size: 2 },
    layers: [],
  }),
);
