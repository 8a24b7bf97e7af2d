import { createHash } from "node:crypto";

/** Bytes and the name they go by. */
export interface Content {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

/** A small image that every scripted registry can serve. */
export interface TestImage {
  readonly manifest: Content;
  readonly config: Content;
  readonly layers: readonly Content[];
}

export function content(mediaType: string, bytes: Buffer | string): Content {
  const buffer = Buffer.from(bytes);
  return { mediaType, bytes: buffer, digest: `sha256:${createHash("sha256").update(buffer).digest("hex")}` };
}

/** An image of one uncompressed layer of `size` bytes, the same for the same size. */
export function testImage(size = 4096): TestImage {
  const layer = content("application/vnd.oci.image.layer.v1.tar", pattern(size));
  const config = content(
    "application/vnd.oci.image.config.v1+json",
    JSON.stringify({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [layer.digest] },
    }),
  );
  return imageOf(config, [layer]);
}

/** The manifest of these parts; `change` alters the document before it is written down. */
export function imageOf(
  config: Content,
  layers: readonly Content[],
  change: (document: Record<string, unknown>) => void = () => {},
): TestImage {
  const document: Record<string, unknown> = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor(config),
    layers: layers.map(descriptor),
  };
  change(document);
  const manifest = content("application/vnd.oci.image.manifest.v1+json", JSON.stringify(document));
  return { manifest, config, layers };
}

export function descriptor({ mediaType, digest, bytes }: Content): {
  mediaType: string;
  digest: string;
  size: number;
} {
  return { mediaType, digest, size: bytes.length };
}

/** Bytes that differ all along, so that a shifted or repeated piece changes the digest. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let index = 0; index < size; index++) bytes[index] = (index * 31 + (index >> 8) * 17) & 0xff;
  return bytes;
}
