import { expect, test } from "vitest";
import { bytesStream, digestOf, memoryStore } from "../src/index.ts";
import { describe, pushImage, randomBytes } from "./support/images.ts";

const BYTES = randomBytes(100);
const BLOB = describe(BYTES, "application/octet-stream");

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

test("stores nothing that does not match its descriptor", async () => {
  const store = memoryStore();
  await expect(store.push(BLOB, randomBytes(100, 2))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  const body = { size: 100, open: () => bytesStream(BYTES.subarray(0, 50)) };
  await expect(store.push(BLOB, body)).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  await expect(store.push({ ...BLOB, digest: "sha256:x" as never }, BYTES)).rejects.toMatchObject({
    code: "INVALID",
  });
  expect(await store.exists(BLOB)).toBe(false);
});

test("keeps its own copy of what it is given", async () => {
  const store = memoryStore();
  const buffer = Buffer.from(BYTES);
  await store.push(BLOB, buffer);
  buffer.fill(0);
  expect(await (await store.fetch(BLOB)).bytes(100)).toEqual(BYTES);
  expect(await (await store.fetch(BLOB, { offset: 90 })).bytes(10)).toEqual(BYTES.subarray(90));
});

test("names manifests by tag and by digest, and nothing else", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1" });
  expect(await store.resolve("v1")).toEqual(image);
  expect(await store.resolve(image.digest)).toEqual(image);
  await store.push(BLOB, BYTES);
  await expect(store.resolve(BLOB.digest)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(store.tag(BLOB, "blob")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await store.tag(image, "v0");
  await store.tag(image, image.digest);
  expect(await collect(store.tags())).toEqual(["v0", "v1"]);
  await store.untag("v1");
  await expect(store.resolve("v1")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(store.untag("v1")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("lists what refers to a manifest, also to one that is not there yet", async () => {
  const store = memoryStore();
  const subject = await pushImage(memoryStore());
  const a = await pushImage(store, { subject, artifactType: "a/a", extra: { annotations: { k: "v" } } });
  await pushImage(store, { subject, artifactType: "b/b" });
  expect(await collect(store.referrers(subject))).toHaveLength(2);
  expect(await collect(store.referrers(subject, { artifactType: "a/a" }))).toEqual([
    { ...a, artifactType: "a/a", annotations: { k: "v" } },
  ]);
  await store.delete(a);
  expect(await collect(store.referrers(subject))).toHaveLength(1);
});

test("forgets what is deleted, and the tags on it", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1" });
  await store.delete(image);
  expect(await collect(store.tags())).toEqual([]);
  await expect(store.delete(image)).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(store.fetch(image)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("stops where it is told to", async () => {
  const store = memoryStore();
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(store.push(BLOB, BYTES, { signal })).rejects.toBe(reason);
  await expect(store.resolve("x", { signal })).rejects.toBe(reason);
  await expect(store.exists(BLOB, { signal })).rejects.toBe(reason);
});

test("refuses a manifest that is none", async () => {
  const store = memoryStore();
  const bytes = new TextEncoder().encode("{}");
  const descriptor = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: digestOf(bytes),
    size: 2,
  };
  await expect(store.push(descriptor, bytes)).rejects.toMatchObject({ code: "INVALID" });
  expect(await store.exists(descriptor)).toBe(false);
});
