import { expect, test } from "vitest";
import {
  type ContentSource,
  copy,
  type Descriptor,
  encodeJson,
  type ImageChanges,
  type ImageConfig,
  MEDIA_TYPES,
  memoryStore,
  mutateImage,
  type ParsedManifest,
  parseImageConfig,
  parseManifest,
  verify,
} from "../../src/index.ts";
import { pushBytes, pushImage, pushPlatforms } from "../support/images.ts";
import { spy } from "../support/spy.ts";

async function read(source: ContentSource, descriptor: Descriptor): Promise<ParsedManifest> {
  return parseManifest(await (await source.fetch(descriptor)).bytes(descriptor.size), descriptor.mediaType);
}

async function configOf(source: ContentSource, descriptor: Descriptor): Promise<ImageConfig> {
  const parsed = await read(source, descriptor);
  if (parsed.kind !== "image") throw new Error("no image");
  const { config } = parsed.document;
  return parseImageConfig(await (await source.fetch(config)).bytes(config.size));
}

async function dockerish(): Promise<{ store: ReturnType<typeof memoryStore>; image: Descriptor }> {
  const store = memoryStore();
  const config = await pushBytes(
    store,
    encodeJson({
      os: "linux",
      architecture: "amd64",
      docker_version: "20",
      config: { Env: ["PATH=/bin", "A=1"], Labels: { a: "1", b: "2" }, Cmd: ["sh"], OnBuild: null },
      rootfs: { type: "layers", diff_ids: [] },
    }),
    MEDIA_TYPES.dockerConfig,
  );
  const image = await pushBytes(
    store,
    encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers: [], future: [1] }),
    MEDIA_TYPES.dockerManifest,
  );
  await store.tag(image, "v1");
  return { store, image };
}

test("changes what is named, takes away what is null, and keeps what nobody knows", async () => {
  const { store } = await dockerish();
  const made = await mutateImage(store, "v1", {
    labels: { a: null, c: "3" },
    env: { A: "2", NEW: "x=y", PATH: null },
    entrypoint: ["/app"],
    cmd: null,
    user: "1000",
    workingDir: "/w",
    stopSignal: "SIGINT",
    exposedPorts: ["80/tcp"],
    volumes: ["/data"],
    author: "me",
    created: "2024-01-01T00:00:00Z",
    platform: "linux/arm/v6",
  });
  const config = await configOf(made.source, made.descriptor);
  expect(config).toMatchObject({
    os: "linux",
    architecture: "arm",
    variant: "v6",
    docker_version: "20",
    author: "me",
    created: "2024-01-01T00:00:00Z",
  });
  expect(config.config).toEqual({
    Env: ["A=2", "NEW=x=y"],
    Labels: { b: "2", c: "3" },
    Entrypoint: ["/app"],
    User: "1000",
    WorkingDir: "/w",
    StopSignal: "SIGINT",
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/data": {} },
  });
  expect((await read(made.source, made.descriptor)).document).toMatchObject({ future: [1] });
});

test("writes nothing until it is copied, and then only what is new", async () => {
  const store = memoryStore();
  await pushImage(store, { tag: "v1" });
  const before = spy(store);
  const made = await mutateImage(before.store, "v1", { labels: { a: "b" } });
  expect(before.count("push")).toBe(0);
  const result = await copy(made.source, made.descriptor.digest, before.store, "v2");
  expect(result).toMatchObject({ copied: 2, skipped: 1 });
  expect((await verify(store, "v2")).ok).toBe(true);
});

test.each<ImageChanges>([
  {},
  { labels: { gone: null } },
  { env: { A: "1" } },
  { cmd: ["sh"] },
  { annotations: { x: null } },
])("leaves the image byte for byte what it is when %j changes nothing", async (changes) => {
  const { store, image } = await dockerish();
  expect((await mutateImage(store, "v1", changes)).descriptor.digest).toBe(image.digest);
});

test("changes every image of an index, and annotates all of them", async () => {
  const store = memoryStore();
  const platforms = [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
  ];
  await pushPlatforms(store, platforms, "v1");
  const made = await mutateImage(store, "v1", { labels: { a: "b" }, annotations: { team: "blue" } });
  const index = await read(made.source, made.descriptor);
  if (index.kind !== "index") throw new Error("no index");
  expect(index.document.annotations).toEqual({ team: "blue" });
  expect(index.document.manifests.map(({ platform }) => platform)).toEqual(platforms);
  for (const entry of index.document.manifests) {
    expect((await configOf(made.source, entry)).config?.Labels).toEqual({ a: "b" });
    expect((await read(made.source, entry)).document).toMatchObject({ annotations: { team: "blue" } });
  }
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "v1");
  expect(await verify(target, "v1")).toMatchObject({ ok: true, checked: 7 });
});

test("changes what was changed before, without a store between", async () => {
  const store = memoryStore();
  await pushImage(store, { tag: "v1" });
  const first = await mutateImage(store, "v1", { labels: { a: "1" } });
  const second = await mutateImage(first.source, first.descriptor.digest, { labels: { b: "2" } });
  expect((await configOf(second.source, second.descriptor)).config?.Labels).toEqual({ a: "1", b: "2" });
});

test("has no configuration to change in an artifact, but annotates it", async () => {
  const store = memoryStore();
  const config = await pushBytes(store, encodeJson({}), MEDIA_TYPES.ociEmpty);
  const bytes = encodeJson({ schemaVersion: 2, artifactType: "a/b", config, layers: [] });
  const artifact = await pushBytes(store, bytes, MEDIA_TYPES.ociManifest);
  await expect(mutateImage(store, artifact.digest, { labels: { a: "b" } })).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
  const made = await mutateImage(store, artifact.digest, { annotations: { __proto__x: "y" } });
  expect((await read(made.source, made.descriptor)).document).toMatchObject({
    annotations: { __proto__x: "y" },
  });
});
