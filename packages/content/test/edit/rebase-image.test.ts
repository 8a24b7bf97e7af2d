import { expect, test } from "vitest";
import { bytesStream } from "../../src/byte-stream.ts";
import {
  appendLayers,
  type ContentSource,
  copy,
  type Descriptor,
  digestOf,
  type ImageConfig,
  MEDIA_TYPES,
  type MemoryStore,
  memoryStore,
  mutateImage,
  type NewLayer,
  parseImageConfig,
  parseManifest,
  rebaseImage,
  scratchImage,
  verify,
} from "../../src/index.ts";
import { randomBytes } from "../support/images.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };

function layer(seed: number): NewLayer {
  const body = randomBytes(100 + seed, seed);
  const digest = digestOf(body);
  const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: body.byteLength };
  return { descriptor, diffId: digest, body, history: { created_by: `layer ${seed}` } };
}

async function build(
  store: MemoryStore,
  tag: string,
  seeds: readonly number[],
  base?: string,
): Promise<void> {
  const from = base === undefined ? scratchImage(AMD64) : { source: store, descriptor: { digest: base } };
  const made = await appendLayers(from.source, from.descriptor.digest, seeds.map(layer));
  await copy(made.source, made.descriptor.digest, store, tag);
}

async function look(
  source: ContentSource,
  ref: string,
): Promise<{
  readonly config: ImageConfig;
  readonly layers: readonly Descriptor[];
  readonly annotations: unknown;
}> {
  const descriptor = await source.resolve(ref);
  const parsed = parseManifest(await (await source.fetch(descriptor)).bytes(descriptor.size));
  if (parsed.kind !== "image") throw new Error("no image");
  const { config, layers, annotations } = parsed.document;
  return {
    config: parseImageConfig(await (await source.fetch(config)).bytes(config.size)),
    layers,
    annotations,
  };
}

const digests = (seeds: readonly number[]): readonly string[] => seeds.map((seed) => layer(seed).diffId);

test("puts layers on an image, with their diff ids and history", async () => {
  const store = memoryStore();
  await build(store, "base", [1, 2]);
  await build(store, "app", [3], "base");
  const { config, layers } = await look(store, "app");
  expect(layers.map(({ digest }) => digest)).toEqual(digests([1, 2, 3]));
  expect(config.rootfs.diff_ids).toEqual(digests([1, 2, 3]));
  expect(config.history?.map(({ created_by }) => created_by)).toEqual(["layer 1", "layer 2", "layer 3"]);
  expect((await verify(store, "app")).ok).toBe(true);
});

test("puts Docker's names on layers of a Docker image, and refuses those it has none for", async () => {
  const store = memoryStore();
  await build(store, "base", [1]);
  const { convertImage } = await import("../../src/index.ts");
  const docker = await convertImage(store, "base", "docker");
  const made = await appendLayers(docker.source, docker.descriptor.digest, [layer(2)]);
  await copy(made.source, made.descriptor.digest, store, "docker");
  expect((await look(store, "docker")).layers.map(({ mediaType }) => mediaType)).toEqual([
    MEDIA_TYPES.dockerLayer,
    MEDIA_TYPES.dockerLayer,
  ]);
  const zstd = { ...layer(3), descriptor: { ...layer(3).descriptor, mediaType: MEDIA_TYPES.ociLayerZstd } };
  await expect(appendLayers(docker.source, docker.descriptor.digest, [zstd])).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
});

test("sends a layer that comes as a stream, from any byte", async () => {
  const { descriptor, diffId } = layer(4);
  const bytes = randomBytes(104, 4);
  const body = { size: 104, open: (offset: number) => bytesStream(bytes.subarray(offset)) };
  const base = scratchImage(AMD64);
  const made = await appendLayers(base.source, base.descriptor.digest, [{ descriptor, diffId, body }]);
  const store = memoryStore();
  await copy(made.source, made.descriptor.digest, store, "v1");
  expect((await verify(store, "v1")).ok).toBe(true);
  expect(await (await made.source.fetch(descriptor, { offset: 100 })).bytes(4)).toEqual(bytes.subarray(100));
});

test("takes an image off its base and puts it on another, from another store", async () => {
  const bases = memoryStore();
  await build(bases, "12.1", [1, 2]);
  await build(bases, "12.2", [5, 6, 7]);
  const store = memoryStore();
  await copy(bases, "12.1", store, "12.1");
  await build(store, "built", [3], "12.1");
  const labelled = await mutateImage(store, "built", { labels: { app: "x" } });
  await copy(labelled.source, labelled.descriptor.digest, store, "app");
  const oldBase = { source: bases, ref: "12.1" };
  const made = await rebaseImage(
    store,
    "app",
    { source: bases, ref: "12.2" },
    { oldBase, baseName: "debian:12" },
  );
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "v1");
  const { config, layers, annotations } = await look(target, "v1");
  expect(layers.map(({ digest }) => digest)).toEqual(digests([5, 6, 7, 3]));
  expect(config.rootfs.diff_ids).toEqual(digests([5, 6, 7, 3]));
  expect(config.history?.map(({ created_by }) => created_by)).toEqual([
    "layer 5",
    "layer 6",
    "layer 7",
    "layer 3",
  ]);
  expect(config.config?.Labels).toEqual({ app: "x" });
  expect(annotations).toEqual({
    "org.opencontainers.image.base.digest": (await bases.resolve("12.2")).digest,
    "org.opencontainers.image.base.name": "debian:12",
  });
  expect((await verify(target, "v1")).ok).toBe(true);
  // What it says of its base is enough for the next time.
  const back = await rebaseImage(target, "v1", { source: bases, ref: "12.1" });
  expect((await look(back.source, back.descriptor.digest)).layers.map(({ digest }) => digest)).toEqual(
    digests([1, 2, 3]),
  );
});

test("rebases each image of an index on the base for its platform", async () => {
  const store = memoryStore();
  const { buildIndex } = await import("../../src/index.ts");
  for (const [platform, name, shift] of [
    [AMD64, "amd64", 0],
    [ARM64, "arm64", 50],
  ] as const) {
    for (const [tag, seeds] of [
      ["old", [1, 2]],
      ["new", [5]],
      ["app", [1, 2, 3]],
    ] as const) {
      const base = scratchImage(platform);
      const made = await appendLayers(
        base.source,
        base.descriptor.digest,
        seeds.map((seed) => layer(seed + shift)),
      );
      await copy(made.source, made.descriptor.digest, store, `${tag}-${name}`);
    }
  }
  for (const tag of ["old", "new", "app"]) {
    const made = await buildIndex(
      ["amd64", "arm64"].map((name) => ({ source: store, ref: `${tag}-${name}` })),
    );
    await copy(made.source, made.descriptor.digest, store, tag);
  }
  const made = await rebaseImage(
    store,
    "app",
    { source: store, ref: "new" },
    { oldBase: { source: store, ref: "old" } },
  );
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "arm64", { platform: ARM64 });
  expect((await look(target, "arm64")).layers.map(({ digest }) => digest)).toEqual(digests([55, 53]));
});

test("refuses an image that was built on something else, or does not say on what", async () => {
  const store = memoryStore();
  await build(store, "other", [8]);
  await build(store, "new", [9]);
  await build(store, "app", [1, 2]);
  const newBase = { source: store, ref: "new" };
  const oldBase = { source: store, ref: "other" };
  await expect(rebaseImage(store, "app", newBase, { oldBase })).rejects.toMatchObject({ code: "INVALID" });
  await expect(rebaseImage(store, "app", newBase)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
