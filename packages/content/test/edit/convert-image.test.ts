import { expect, test } from "vitest";
import {
  convertImage,
  copy,
  type Descriptor,
  encodeJson,
  MEDIA_TYPES,
  type MemoryStore,
  memoryStore,
  parseManifest,
  verify,
} from "../../src/index.ts";
import { pushBytes, pushImage, pushIndex, randomBytes } from "../support/images.ts";

async function typesBelow(store: MemoryStore, ref: string): Promise<readonly string[]> {
  const types = new Set<string>();
  const walk = async (descriptor: Descriptor): Promise<void> => {
    types.add(descriptor.mediaType);
    if (!descriptor.mediaType.includes("manifest") && !descriptor.mediaType.includes("index")) return;
    const parsed = parseManifest(
      await (await store.fetch(descriptor)).bytes(descriptor.size),
      descriptor.mediaType,
    );
    const { successors } = await import("../../src/index.ts");
    for (const child of successors(parsed)) await walk(child);
  };
  await walk(await store.resolve(ref));
  return [...types].sort();
}

async function pushDocker(store: MemoryStore): Promise<Descriptor> {
  const config = await pushBytes(
    store,
    encodeJson({ os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [] } }),
    MEDIA_TYPES.dockerConfig,
  );
  const layer = await pushBytes(store, randomBytes(50), MEDIA_TYPES.dockerLayerGzip);
  const foreign = {
    ...(await pushBytes(store, randomBytes(60), MEDIA_TYPES.dockerForeignLayerGzip)),
    urls: ["https://example.com/layer"],
  };
  return pushBytes(
    store,
    encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers: [foreign, layer] }),
    MEDIA_TYPES.dockerManifest,
  );
}

test("makes an OCI image of a Docker one, over the same blobs, and the Docker one of that again", async () => {
  const store = memoryStore();
  const image = await pushDocker(store);
  const oci = await convertImage(store, image.digest, "oci");
  expect(oci.dropped).toEqual([]);
  const target = memoryStore();
  const options = { foreignLayers: true };
  await copy(oci.source, oci.descriptor.digest, target, "oci", options);
  expect(await typesBelow(target, "oci")).toEqual([
    MEDIA_TYPES.ociConfig,
    MEDIA_TYPES.ociForeignLayerGzip,
    MEDIA_TYPES.ociLayerGzip,
    MEDIA_TYPES.ociManifest,
  ]);
  expect((await verify(target, "oci", options)).ok).toBe(true);
  const docker = await convertImage(target, "oci", "docker");
  expect(docker.descriptor).toMatchObject({ mediaType: MEDIA_TYPES.dockerManifest });
  await copy(docker.source, docker.descriptor.digest, target, "docker", options);
  expect(await typesBelow(target, "docker")).toEqual(await typesBelowOf(store, image));
});

async function typesBelowOf(store: MemoryStore, image: Descriptor): Promise<readonly string[]> {
  await store.tag(image, "tmp");
  return typesBelow(store, "tmp");
}

test("leaves what has the format already byte for byte what it is", async () => {
  const store = memoryStore();
  const oci = await pushIndex(store, [await pushImage(store)], undefined, { mediaType: undefined });
  expect((await convertImage(store, oci.digest, "oci")).descriptor.digest).toBe(oci.digest);
  const docker = await pushDocker(store);
  expect((await convertImage(store, docker.digest, "docker")).descriptor.digest).toBe(docker.digest);
});

test("converts every image of an index, drops what Docker has no place for, and says so", async () => {
  const store = memoryStore();
  const platform = { os: "linux", architecture: "amd64" };
  const image = await pushImage(store, { extra: { annotations: { a: "b" } } });
  const note = await pushImage(store, { platform: { os: "unknown", architecture: "unknown" } });
  const about = { "vnd.docker.reference.digest": image.digest };
  const noteEntry = { ...note, platform: { os: "unknown", architecture: "unknown" }, annotations: about };
  const index = await pushIndex(store, [{ ...image, platform }, noteEntry], "v1", {
    annotations: { c: "d" },
  });
  const made = await convertImage(store, "v1", "docker");
  expect([...made.dropped].sort()).toEqual(["annotations", note.digest].sort());
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "v1");
  expect(await typesBelow(target, "v1")).toEqual(
    [
      MEDIA_TYPES.dockerConfig,
      MEDIA_TYPES.dockerManifestList,
      MEDIA_TYPES.dockerManifest,
      MEDIA_TYPES.dockerLayer,
    ].sort(),
  );
  expect((await verify(target, "v1")).ok).toBe(true);
  expect(made.descriptor.digest).not.toBe(index.digest);
});

test("points attestations at the new digests when a Docker list becomes an index", async () => {
  const store = memoryStore();
  const docker = await pushDocker(store);
  const note = await pushImage(store);
  const unknown = { os: "unknown", architecture: "unknown" };
  const annotations = { "vnd.docker.reference.digest": docker.digest };
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.dockerManifestList,
    manifests: [docker, { ...note, platform: unknown, annotations }],
  });
  const list = await pushBytes(store, bytes, MEDIA_TYPES.dockerManifestList);
  const made = await convertImage(store, list.digest, "oci");
  const stream = await made.source.fetch(made.descriptor);
  const parsed = parseManifest(await stream.bytes(made.descriptor.size));
  if (parsed.kind !== "index") throw new Error("no index");
  const [image, attestation] = parsed.document.manifests;
  expect(image?.digest).not.toBe(docker.digest);
  expect(attestation?.annotations).toEqual({ "vnd.docker.reference.digest": image?.digest });
});

test.each([
  ["an artifact", { artifactType: "a/b" }, MEDIA_TYPES.ociLayer],
  ["a zstd layer", {}, MEDIA_TYPES.ociLayerZstd],
  ["a layer that is no file system", {}, "application/vnd.in-toto+json"],
])("makes no Docker image of %s", async (_, extra, layerType) => {
  const store = memoryStore();
  const config = await pushBytes(store, encodeJson({}), MEDIA_TYPES.ociConfig);
  const layer = await pushBytes(store, randomBytes(5), layerType);
  const bytes = encodeJson({ schemaVersion: 2, config, layers: [layer], ...extra });
  const image = await pushBytes(store, bytes, MEDIA_TYPES.ociManifest);
  await expect(convertImage(store, image.digest, "docker")).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
