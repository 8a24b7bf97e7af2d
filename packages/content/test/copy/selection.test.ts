import { expect, test } from "vitest";
import {
  copy,
  type Descriptor,
  digestOf,
  encodeJson,
  MEDIA_TYPES,
  type MemoryStore,
  memoryStore,
  parseIndex,
  verify,
} from "../../src/index.ts";
import { pushBytes, pushImage, pushIndex, pushPlatforms, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const S390X = { os: "linux", architecture: "s390x" };

async function readIndex(store: MemoryStore, ref: string): Promise<ReturnType<typeof parseIndex>> {
  const descriptor = await store.resolve(ref);
  return parseIndex(await (await store.fetch(descriptor)).bytes(descriptor.size), descriptor.mediaType);
}

/** As BuildKit writes it: an image, and an attestation about it. */
async function pushAttested(
  store: MemoryStore,
  tag: string,
): Promise<{ images: Descriptor[]; notes: Descriptor[] }> {
  const images: Descriptor[] = [];
  const notes: Descriptor[] = [];
  for (const [i, platform] of [AMD64, ARM64].entries()) {
    const image = await pushImage(store, { platform, layers: [randomBytes(50, i)] });
    images.push({ ...image, platform });
    const unknown = { os: "unknown", architecture: "unknown" };
    const note = await pushImage(store, { platform: unknown, layers: [randomBytes(20, 50 + i)] });
    notes.push({
      ...note,
      platform: unknown,
      annotations: {
        "vnd.docker.reference.digest": image.digest,
        "vnd.docker.reference.type": "attestation-manifest",
      },
    });
  }
  await pushIndex(store, [...images, ...notes], tag, { annotations: { keep: "me" }, unknown: null });
  return { images, notes };
}

test("copies the image for one platform alone, and the tag names it", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  const { descriptor, copied } = await copy(source, "v1", target, "v1", { platform: "linux/arm64/v8" });
  expect(copied).toBe(3);
  expect((await target.resolve("v1")).digest).toBe(descriptor.digest);
  expect(descriptor).toMatchObject({ mediaType: MEDIA_TYPES.ociManifest, platform: ARM64 });
});

test("finds a platform in an index inside the index, and says what there is where it finds none", async () => {
  const source = memoryStore();
  const inner = await pushPlatforms(source, [ARM64]);
  const outer = await pushPlatforms(source, [AMD64]);
  const amd64 = (await readIndex(source, outer.digest)).document.manifests;
  await pushIndex(source, [...amd64, inner], "v1");
  expect((await copy(source, "v1", memoryStore(), "v1", { platform: ARM64 })).copied).toBe(3);
  await expect(copy(source, "v1", memoryStore(), "v1", { platform: S390X })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("linux/amd64"),
  });
});

test("copies a single image whatever platform is asked for", async () => {
  const source = memoryStore();
  await pushImage(source, { tag: "v1" });
  expect((await copy(source, "v1", memoryStore(), "v1", { platform: S390X })).copied).toBe(3);
});

test("wants to be told how an index is to be cut", async () => {
  const source = spy(memoryStore());
  const target = memoryStore();
  const cut = copy(source.store, "v1", target, "v1", { platforms: [AMD64] });
  await expect(cut).rejects.toMatchObject({ code: "INVALID", message: expect.stringContaining("sparse") });
  const both = copy(source.store, "v1", target, "v1", {
    platform: AMD64,
    platforms: [AMD64],
    index: "sparse",
  });
  await expect(both).rejects.toMatchObject({ code: "INVALID" });
  expect(source.calls).toEqual([]);
});

test("rewrites an index to the platforms wanted, with the attestations about them, and says so", async () => {
  const source = memoryStore();
  const { images, notes } = await pushAttested(source, "v1");
  const original = await source.resolve("v1");
  const target = memoryStore();
  const result = await copy(source, "v1", target, "v1", { platforms: ["linux/arm64"], index: "rewrite" });
  expect(result.rewritten).toEqual({ from: original });
  expect(result.descriptor.digest).not.toBe(original.digest);
  const { document } = await readIndex(target, "v1");
  expect(document.manifests.map(({ digest }) => digest)).toEqual([images[1]?.digest, notes[1]?.digest]);
  expect(document.annotations).toEqual({ keep: "me" });
  expect(await verify(target, "v1")).toMatchObject({ ok: true, checked: 7 });
  const again = await copy(source, "v1", target, "v1", { platforms: ["linux/arm64"], index: "rewrite" });
  expect(again.copied).toBe(0);
});

test("leaves an index as it is where all of it is wanted", async () => {
  const source = memoryStore();
  const index = await pushPlatforms(source, [AMD64, ARM64], "v1");
  const options = { platforms: [ARM64, AMD64], index: "rewrite" } as const;
  const result = await copy(source, "v1", memoryStore(), "v1", options);
  expect(result.descriptor).toEqual(index);
  expect(result.rewritten).toBeUndefined();
});

test("rewrites indexes inside an index too", async () => {
  const source = memoryStore();
  const inner = await pushPlatforms(source, [AMD64, ARM64]);
  const lone = await pushPlatforms(source, [S390X]);
  await pushIndex(source, [inner, lone], "v1");
  const target = memoryStore();
  const result = await copy(source, "v1", target, "v1", { platforms: [AMD64], index: "rewrite" });
  expect(result.copied).toBe(5);
  const { document } = await readIndex(target, "v1");
  expect(document.manifests).toHaveLength(1);
  expect((await readIndex(target, document.manifests[0]?.digest ?? "")).document.manifests).toHaveLength(1);
  expect((await verify(target, "v1")).ok).toBe(true);
});

test("keeps the index and leaves entries out, at every level, where it is to be sparse", async () => {
  const source = memoryStore();
  const inner = await pushPlatforms(source, [AMD64, ARM64]);
  const index = await pushIndex(source, [inner], "v1");
  const target = memoryStore();
  const result = await copy(source, "v1", target, "v1", { platforms: [AMD64], index: "sparse" });
  expect(result.descriptor).toEqual(index);
  expect(result.copied).toBe(5);
  expect((await verify(target, "v1")).faults).toMatchObject([
    { kind: "missing", path: [index.digest, inner.digest] },
  ]);
  expect((await verify(target, "v1", { sparse: true })).ok).toBe(true);
});

test("says which of several platforms is missing", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const options = { platforms: [AMD64, S390X], index: "sparse" } as const;
  await expect(copy(source, "v1", memoryStore(), "v1", options)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("linux/s390x"),
  });
});

test("takes referrers along, and referrers of referrers, all or by type", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  const sbom = await pushImage(source, {
    subject: image,
    artifactType: "a/sbom",
    layers: [randomBytes(9, 1)],
  });
  const signature = await pushImage(source, {
    subject: sbom,
    artifactType: "a/sig",
    layers: [randomBytes(9, 2)],
  });
  const other = await pushImage(source, {
    subject: image,
    artifactType: "a/other",
    layers: [randomBytes(9, 3)],
  });
  const without = memoryStore();
  await copy(source, "v1", without, "v1");
  expect(await without.exists(sbom)).toBe(false);
  const all = memoryStore();
  await copy(source, "v1", all, "v1", { referrers: true });
  for (const descriptor of [sbom, signature, other]) expect(await all.exists(descriptor)).toBe(true);
  const some = memoryStore();
  await copy(source, "v1", some, "v1", { referrers: { artifactTypes: ["a/sbom", "a/sig"] } });
  expect(await some.exists(signature)).toBe(true);
  expect(await some.exists(other)).toBe(false);
  // Also where the image itself is there already.
  expect((await copy(source, "v1", without, "v1", { referrers: true })).copied).toBeGreaterThan(2);
  expect(await without.exists(signature)).toBe(true);
});

test("believes a listing of referrers only where the manifests themselves say so", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1" });
  const stranger = await pushImage(inner, { layers: [randomBytes(40, 40)] });
  const about = await pushImage(inner, { subject: image, artifactType: "a/b", layers: [randomBytes(9, 9)] });
  // It claims that everything refers to everything, itself included: a circle.
  const source = {
    ...inner,
    referrers: async function* () {
      yield* [image, stranger, about];
    },
  };
  const target = memoryStore();
  await copy(source, "v1", target, "v1", { referrers: true });
  expect(await target.exists(about)).toBe(true);
  expect(await target.exists(stranger)).toBe(false);
});

test("ends where a referrer contains what it refers to", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  const around = await pushIndex(source, [image], undefined, { subject: image });
  const target = memoryStore();
  await copy(source, "v1", target, "v1", { referrers: true });
  expect(await target.exists(around)).toBe(true);
});

test("takes tags along that name a digest, and tags that name what those name", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  const tagOf = ({ digest }: Descriptor, suffix: string): string => `${digest.replace(":", "-")}${suffix}`;
  const signature = await pushImage(source, { layers: [randomBytes(7, 1)], tag: tagOf(image, ".sig") });
  const second = await pushImage(source, { layers: [randomBytes(7, 2)], tag: tagOf(signature, ".att") });
  await pushIndex(source, [], tagOf(image, ""));
  await pushImage(source, { layers: [randomBytes(7, 3)], tag: `sha256-${"0".repeat(64)}.sig` });
  const target = memoryStore();
  const { tags } = await copy(source, "v1", target, "v1", { digestTags: true });
  expect([...tags].sort()).toEqual(
    [tagOf(image, ""), tagOf(image, ".sig"), tagOf(signature, ".att"), "v1"].sort(),
  );
  expect((await target.resolve(tagOf(signature, ".att"))).digest).toBe(second.digest);
  expect(tags.at(-1)).toBe("v1");
  const again = spy(target);
  expect(await copy(source, "v1", again.store, "v1", { digestTags: true })).toMatchObject({ copied: 0 });
  expect(again.count("push") + again.count("tag")).toBe(0);
  // Where referrers are copied one by one, the target keeps its own list of them.
  const both = await copy(source, "v1", memoryStore(), "v1", { digestTags: true, referrers: true });
  expect(both.tags).not.toContain(tagOf(image, ""));
});

test("finds the tags of a sha512 digest by the part of it that fits a tag", async () => {
  const inner = memoryStore();
  const config = await pushBytes(inner, encodeJson({}), MEDIA_TYPES.ociConfig);
  const bytes = encodeJson({ schemaVersion: 2, config, layers: [] });
  const image = {
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(bytes, "sha512"),
    size: bytes.byteLength,
  };
  await inner.push(image, bytes);
  await inner.tag(image, "v1");
  const tag = `sha512-${image.digest.slice(7, 71)}.sig`;
  await pushImage(inner, { tag });
  expect((await copy(inner, "v1", memoryStore(), "v1", { digestTags: true })).tags).toContain(tag);
});

test("refuses to go without what the source cannot list", async () => {
  const inner = memoryStore();
  await pushImage(inner, { tag: "v1" });
  const { resolve, fetch, exists } = inner;
  const source = { resolve: resolve.bind(inner), fetch: fetch.bind(inner), exists: exists.bind(inner) };
  for (const wish of [{ referrers: true }, { digestTags: true }]) {
    const target = spy(memoryStore());
    await expect(copy(source, "v1", target.store, "v1", wish)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect(target.count("push")).toBe(0);
  }
  expect((await copy(source, "v1", memoryStore(), "v1")).copied).toBeGreaterThan(1);
});
