import { expect, test } from "vitest";
import { digestOf, MEDIA_TYPES, memoryStore, type ProgressEvent, verify } from "../src/index.ts";
import { describe, pushImage, pushPlatforms, randomBytes } from "./support/images.ts";
import { rotten } from "./support/rotten.ts";
import { spy } from "./support/spy.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const LAYER = randomBytes(5000, 3);
const LAYER_DESCRIPTOR = describe(LAYER, MEDIA_TYPES.ociLayer);

test("reads everything below a reference, and is content with what is right", async () => {
  const store = memoryStore();
  const index = await pushPlatforms(store, [AMD64, ARM64], "v1");
  const source = spy(store);
  const events: ProgressEvent[] = [];
  const report = await verify(source.store, "v1", { onProgress: (event) => void events.push(event) });
  expect(report).toMatchObject({ root: index, ok: true, checked: 7, faults: [] });
  expect(new Set(source.calls).size).toBe(source.calls.length);
  expect(events.filter(({ type }) => type === "done")).toHaveLength(7);
});

test("says what is missing, and below what", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1", layers: [LAYER] });
  await store.delete(LAYER_DESCRIPTOR);
  expect(await verify(store, "v1")).toMatchObject({
    ok: false,
    faults: [{ kind: "missing", descriptor: LAYER_DESCRIPTOR, path: [image.digest] }],
  });
});

test("says what is wrong, of content that is short, long, other, or no manifest", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1", layers: [LAYER] });
  for (const bytes of [LAYER.slice(1), new Uint8Array([...LAYER, 1]), randomBytes(5000, 4)]) {
    const store = rotten(inner, new Map([[LAYER_DESCRIPTOR.digest, bytes]]));
    expect((await verify(store, "v1")).faults).toMatchObject([
      { kind: "wrong", descriptor: LAYER_DESCRIPTOR },
    ]);
  }
  const noManifest = rotten(inner, new Map([[image.digest, new Uint8Array(image.size)]]));
  expect((await verify(noManifest, "v1")).faults).toMatchObject([{ kind: "wrong", path: [] }]);
});

test("takes no fault of the store for one of the content", async () => {
  const store = memoryStore();
  await pushImage(store, { tag: "v1", layers: [LAYER] });
  const offline = spy(store, {
    fetch: async () => {
      throw new Error("no connection");
    },
  });
  await expect(verify(offline.store, "v1")).rejects.toThrow("no connection");
  await expect(verify(store, "v2")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("looks at referrers where it is asked to", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1" });
  const layer = randomBytes(30, 8);
  await pushImage(store, { subject: image, artifactType: "a/b", layers: [layer] });
  await store.delete({ mediaType: "x", digest: digestOf(layer), size: 30 });
  expect((await verify(store, "v1")).ok).toBe(true);
  expect((await verify(store, "v1", { referrers: true })).ok).toBe(false);
});

test("reads manifests up to the limit it is given, and says so where referrers cannot be listed", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1" });
  const small = await verify(inner, "v1", { maxManifestBytes: image.size - 1 });
  expect(small.faults).toMatchObject([{ kind: "wrong", descriptor: image }]);
  expect((await verify(inner, "v1", { maxManifestBytes: image.size })).ok).toBe(true);
  const store = {
    resolve: inner.resolve.bind(inner),
    fetch: inner.fetch.bind(inner),
    exists: async () => true,
  };
  await expect(verify(store, "v1", { referrers: true })).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
