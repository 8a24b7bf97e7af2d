import { expect, test } from "vitest";
import {
  bytesStream,
  ContentError,
  type ContentTarget,
  type ContentWriter,
  copy,
  createVerifier,
  type Descriptor,
  digestOf,
  encodeJson,
  failedSide,
  MEDIA_TYPES,
  memoryStore,
  type ProgressEvent,
  parseIndex,
} from "../../src/index.ts";
import { describe, pushBytes, pushImage, pushIndex, pushPlatforms, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };

async function bytesIn(store: ContentTarget, descriptor: Descriptor): Promise<Uint8Array> {
  return (await store.fetch(descriptor)).bytes(descriptor.size);
}

test("copies an image byte for byte, its config and layers first and its tag last", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1", layers: [randomBytes(10), randomBytes(20, 2)] });
  const target = spy(memoryStore());
  const result = await copy(source, "v1", target.store, "v2");
  expect(result).toMatchObject({ descriptor: image, copied: 4, mounted: 0, skipped: 0, tags: ["v2"] });
  expect(await bytesIn(target.store, image)).toEqual(await bytesIn(source, image));
  expect(await target.store.resolve("v2")).toEqual(image);
  const writes = target.calls.filter((call) => call.startsWith("push ") || call.startsWith("tag "));
  expect(writes.slice(-2)).toEqual([`push ${image.digest}`, `tag ${image.digest} v2`]);
});

test("copies an index with indexes inside it, each blob once", async () => {
  const source = memoryStore();
  const shared = randomBytes(300, 7);
  const a = await pushImage(source, { layers: [shared] });
  const b = await pushImage(source, { platform: ARM64, layers: [shared, randomBytes(30)] });
  const inner = await pushIndex(source, [{ ...b, platform: ARM64 }]);
  const index = await pushIndex(source, [{ ...a, platform: AMD64 }, inner, { ...b, platform: ARM64 }], "v1");
  const from = spy(source);
  const target = spy(memoryStore());
  const { copied } = await copy(from.store, "v1", target.store, "v1");
  expect(copied).toBe(8);
  expect(from.calls.filter((call) => call === `fetch ${digestOf(shared)}`)).toHaveLength(1);
  expect(new Set(from.calls).size).toBe(from.calls.length);
  expect(target.count("push")).toBe(8);
  expect(await target.store.resolve("v1")).toEqual(index);
});

test("moves nothing the second time, and asks once for what is there", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const store = memoryStore();
  await copy(source, "v1", store, "v1");
  const target = spy(store);
  const result = await copy(source, "v1", target.store, "v1");
  expect(result).toMatchObject({ bytes: 0, copied: 0, skipped: 3, tags: ["v1"] });
  expect(target.count("push") + target.count("tag")).toBe(0);
  expect(new Set(target.calls).size).toBe(target.calls.length);
});

test("gets a manifest by tag in one request, and stores and tags it in one, where the stores can", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1" });
  const source = spy(inner, {
    remote: true,
    fetchManifest: async (ref) => {
      const descriptor = await inner.resolve(ref);
      return { descriptor, bytes: await bytesIn(inner, descriptor) };
    },
  });
  const store = memoryStore();
  const target = spy(store, {
    remote: true,
    pushManifest: async (descriptor, bytes, refs) => {
      await store.push(descriptor, bytes);
      for (const ref of refs) await store.tag(descriptor, ref);
    },
  });
  await copy(source.store, "v1", target.store, ["v1", "latest"]);
  expect(
    source.count("resolve") + source.calls.filter((call) => call === `fetch ${image.digest}`).length,
  ).toBe(0);
  expect(target.count("pushManifest")).toBe(1);
  expect(target.count("tag")).toBe(0);
  expect(await store.resolve("latest")).toEqual(image);
});
