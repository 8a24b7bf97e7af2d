import { type Descriptor, digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";

/** The descriptor of bytes. */
export function blob(bytes: Uint8Array): Descriptor {
  return { mediaType: MEDIA_TYPES.octetStream, digest: digestOf(bytes), size: bytes.byteLength };
}

/** A manifest with these fields. */
export function manifest(fields: object): { descriptor: Descriptor; bytes: Uint8Array } {
  const config = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(Buffer.from("{}")), size: 2 };
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config,
    layers: [],
    ...fields,
  });
  return { descriptor: { ...blob(bytes), mediaType: MEDIA_TYPES.ociManifest }, bytes };
}

/** Everything an iterable gives. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
