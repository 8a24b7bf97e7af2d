import { expect, test } from "vitest";
import {
  buildIndex,
  copy,
  type Descriptor,
  type MadeContent,
  MEDIA_TYPES,
  memoryStore,
  parseIndex,
  verify,
} from "../../src/index.ts";
import { pushImage, pushIndex, pushPlatforms, randomBytes } from "../support/images.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const S390X = { os: "linux", architecture: "s390x" };

async function entries({ source, descriptor }: MadeContent): Promise<readonly Descriptor[]> {
  const bytes = await (await source.fetch(descriptor)).bytes(descriptor.size);
  return parseIndex(bytes, descriptor.mediaType).document.manifests;
}

test("puts images from two stores together, by the platforms their configurations name", async () => {
  const a = memoryStore();
  const b = memoryStore();
  await pushImage(a, { platform: AMD64, tag: "x", layers: [randomBytes(5, 1)] });
  await pushImage(b, { platform: ARM64, tag: "y", layers: [randomBytes(5, 2)] });
  const made = await buildIndex([
    { source: a, ref: "x" },
    { source: b, ref: "y", annotations: { k: "v" } },
  ]);
  expect(await entries(made)).toMatchObject([
    { platform: AMD64 },
    { platform: ARM64, annotations: { k: "v" } },
  ]);
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "v1");
  expect(await verify(target, "v1")).toMatchObject({ ok: true, checked: 7 });
});

test("keeps the platforms an index has, and replaces those that are given", async () => {
  const store = memoryStore();
  await pushPlatforms(store, [AMD64, ARM64, S390X], "v1");
  const before = (await buildIndexEntries(store, "v1")).map(({ digest }) => digest);
  const image = await pushImage(store, { platform: ARM64, tag: "new", layers: [randomBytes(5, 77)] });
  const made = await buildIndex([{ source: store, ref: "new" }], { mergeInto: { source: store, ref: "v1" } });
  expect((await entries(made)).map(({ digest }) => digest)).toEqual([before[0], before[2], image.digest]);
  await copy(made.source, made.descriptor.digest, store, "v1");
  expect((await verify(store, "v1")).ok).toBe(true);
  const same = await buildIndex([{ source: store, ref: "new" }], { mergeInto: { source: store, ref: "v1" } });
  expect(same.descriptor.digest).toBe(made.descriptor.digest);
});

async function buildIndexEntries(
  store: ReturnType<typeof memoryStore>,
  ref: string,
): Promise<readonly Descriptor[]> {
  return entries({ source: store, descriptor: await store.resolve(ref) });
}

test("lets attestations go with the images they are about", async () => {
  const store = memoryStore();
  const old = await pushImage(store, { platform: AMD64 });
  const note = await pushImage(store, { platform: { os: "unknown", architecture: "unknown" } });
  const annotations = { "vnd.docker.reference.digest": old.digest };
  const noteEntry = { ...note, platform: { os: "unknown", architecture: "unknown" }, annotations };
  await pushIndex(store, [{ ...old, platform: AMD64 }, noteEntry], "v1");
  await pushImage(store, { platform: AMD64, tag: "new", layers: [randomBytes(5, 77)] });
  const made = await buildIndex([{ source: store, ref: "new" }], { mergeInto: { source: store, ref: "v1" } });
  expect(await entries(made)).toHaveLength(1);
});

test("takes over the entries of indexes, and the platform that is given", async () => {
  const store = memoryStore();
  await pushPlatforms(store, [AMD64, ARM64], "v1");
  await pushImage(store, { platform: AMD64, tag: "x", layers: [randomBytes(5, 3)] });
  const options = { format: "docker", annotations: { a: "b" } } as const;
  const made = await buildIndex(
    [
      { source: store, ref: "v1" },
      { source: store, ref: "x", platform: "linux/amd64/v3" },
    ],
    options,
  );
  expect(made.descriptor.mediaType).toBe(MEDIA_TYPES.dockerManifestList);
  expect((await entries(made)).map(({ platform }) => platform)).toEqual([
    AMD64,
    ARM64,
    { os: "linux", architecture: "amd64", variant: "v3" },
  ]);
});

test("refuses two images for one platform", async () => {
  const store = memoryStore();
  await pushImage(store, { platform: AMD64, tag: "x", layers: [randomBytes(5, 3)] });
  await pushImage(store, { platform: AMD64, tag: "y", layers: [randomBytes(5, 4)] });
  const inputs = ["x", "y"].map((ref) => ({ source: store, ref }));
  await expect(buildIndex(inputs)).rejects.toMatchObject({ code: "INVALID" });
});

test("is empty where nothing is given", async () => {
  const made = await buildIndex([]);
  expect(await entries(made)).toEqual([]);
  const target = memoryStore();
  await copy(made.source, made.descriptor.digest, target, "v1");
  expect((await verify(target, "v1")).ok).toBe(true);
});
