import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ContentTarget, type Descriptor, digestOf, MEDIA_TYPES, openLayout } from "@reg/sdk";

/** An OCI layout that peers and we push and pull; its one tag is `1.0`. */
export interface BenchImage {
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
}

export const MIB: number = 1024 * 1024;

/** Makes an image of `layers` random layers, unless an earlier job left it. */
export async function benchImage(
  root: string,
  name: string,
  layers: number,
  layerBytes: number,
): Promise<BenchImage> {
  const folder = join(root, name);
  if (!existsSync(join(folder, "index.json"))) {
    await using layout = await openLayout(folder, { create: true });
    await layout.tag(await image(layout, layers, layerBytes, "amd64"), "1.0");
  }
  return { name, folder, bytes: layers * layerBytes };
}

/** Makes an index of as many platforms as there are architectures. */
export async function benchIndex(
  root: string,
  name: string,
  architectures: readonly string[],
  layers: number,
  layerBytes: number,
): Promise<BenchImage> {
  const folder = join(root, name);
  if (!existsSync(join(folder, "index.json"))) {
    await using layout = await openLayout(folder, { create: true });
    const manifests: Descriptor[] = [];
    for (const architecture of architectures) {
      const child = await image(layout, layers, layerBytes, architecture);
      manifests.push({ ...child, platform: { os: "linux", architecture } });
    }
    const mediaType = MEDIA_TYPES.ociIndex;
    await layout.tag(await put(layout, mediaType, { schemaVersion: 2, mediaType, manifests }), "1.0");
  }
  return { name, folder, bytes: architectures.length * layers * layerBytes };
}

/** The blobs that a layout's one tag is made of: configurations and layers, each once. */
export async function blobsOf(folder: string): Promise<Descriptor[]> {
  const found = new Map<string, Descriptor>();
  const read = async (path: string): Promise<void> => {
    const text = await readFile(join(folder, path), "utf8");
    const { manifests = [], config, layers = [] } = JSON.parse(text) as Links; // we wrote it
    for (const blob of config === undefined ? layers : [...layers, config]) found.set(blob.digest, blob);
    for (const { digest } of manifests) await read(join("blobs", digest.replace(":", "/")));
  };
  await read("index.json");
  return [...found.values()];
}

interface Links {
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

async function image(
  store: ContentTarget,
  count: number,
  layerBytes: number,
  architecture: string,
): Promise<Descriptor> {
  const layers: Descriptor[] = [];
  for (let index = 0; index < count; index++)
    layers.push(await put(store, MEDIA_TYPES.ociLayerGzip, randomBytes(layerBytes)));
  const config = await put(store, MEDIA_TYPES.ociConfig, {
    architecture,
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const mediaType = MEDIA_TYPES.ociManifest;
  return put(store, mediaType, { schemaVersion: 2, mediaType, config, layers });
}

async function put(
  store: ContentTarget,
  mediaType: string,
  content: Uint8Array | object,
): Promise<Descriptor> {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.push(descriptor, bytes);
  return descriptor;
}
