import { gzipSync, zstdCompressSync } from "node:zlib";
import { type ContentTarget, type Descriptor, digestOf, encodeJson, MEDIA_TYPES } from "@reg/content";
import { type Header, pack } from "tar-stream";

/** An entry of a layer: a header, and the content of a file. */
export type LayerEntry = readonly [
  header: Partial<Header> & Pick<Header, "name">,
  content?: string | Uint8Array,
];

export const MTIME: Date = new Date("2024-05-06T07:08:09Z");

/** The bytes of a tar with these entries. */
export async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const packer = pack();
  for (const [header, content] of entries) {
    const whole = { mtime: MTIME, ...header };
    if (content === undefined) packer.entry(whole, "");
    else packer.entry(whole, Buffer.from(content));
  }
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}

export interface TestImage {
  readonly descriptor: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly bytes: Uint8Array;
}

/** Puts an image with these layers into a store, under a tag where one is given. */
export async function putImage(
  target: ContentTarget,
  layers: readonly Uint8Array[],
  options: {
    readonly tag?: string;
    readonly packed?: "none" | "gzip" | "zstd";
    readonly config?: object;
  } = {},
): Promise<TestImage> {
  const { packed = "gzip" } = options;
  const type = { none: MEDIA_TYPES.ociLayer, gzip: MEDIA_TYPES.ociLayerGzip, zstd: MEDIA_TYPES.ociLayerZstd }[
    packed
  ];
  const descriptors: Descriptor[] = [];
  for (const tar of layers) {
    const bytes = packed === "none" ? tar : packed === "gzip" ? gzipSync(tar) : zstdCompressSync(tar);
    const descriptor = { mediaType: type, digest: digestOf(bytes), size: bytes.byteLength };
    await target.push(descriptor, bytes);
    descriptors.push(descriptor);
  }
  const config = encodeJson({
    architecture: "amd64",
    os: "linux",
    created: MTIME.toISOString(),
    config: { Cmd: ["/bin/sh"] },
    rootfs: { type: "layers", diff_ids: layers.map((tar) => digestOf(tar)) },
    history: layers.map(() => ({ created_by: "test" })),
    ...options.config,
  });
  const configDescriptor = {
    mediaType: MEDIA_TYPES.ociConfig,
    digest: digestOf(config),
    size: config.byteLength,
  };
  await target.push(configDescriptor, config);
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: configDescriptor,
    layers: descriptors,
  });
  const descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytes), size: bytes.byteLength };
  await target.push(descriptor, bytes);
  if (options.tag !== undefined) await target.tag(descriptor, options.tag);
  return { descriptor, layers: descriptors, bytes };
}
