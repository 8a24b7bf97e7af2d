import { expect, test } from "vitest";
import { copy, MEDIA_TYPES, memoryStore, repair, verify } from "../src/index.ts";
import { describe, pushImage, pushPlatforms, randomBytes } from "./support/images.ts";
import { rotten } from "./support/rotten.ts";

const AMD64 = { os: "linux", architecture: "amd64" };
const ARM64 = { os: "linux", architecture: "arm64" };
const LAYER = randomBytes(5000, 3);
const LAYER_DESCRIPTOR = describe(LAYER, MEDIA_TYPES.ociLayer);

test("brings what is missing and nothing else", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  const { descriptor } = await copy(source, "v1", target, "v1");
  await target.delete(describe(randomBytes(500, 10), MEDIA_TYPES.ociLayer));
  // The source's tag has moved on; the content is still there.
  await pushImage(source, { tag: "v1" });
  const report = await repair(target, "v1", source);
  expect(report).toMatchObject({ ok: true, copied: { copied: 1, bytes: 500 }, replaced: [], remaining: [] });
  expect((await target.resolve("v1")).digest).toBe(descriptor.digest);
  expect((await verify(target, "v1")).ok).toBe(true);
});

test("writes afresh what is wrong, also what was hidden behind a manifest that could not be read", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1", layers: [LAYER] });
  const store = memoryStore();
  await copy(source, "v1", store, "v1");
  const wrong = new Map<string, Uint8Array>([
    [LAYER_DESCRIPTOR.digest, randomBytes(5000, 4)],
    [image.digest, new Uint8Array(image.size)],
  ]);
  const target = rotten(store, wrong);
  const { ok, before, replaced } = await repair(target, "v1", source);
  expect(before.faults).toHaveLength(1);
  expect(ok).toBe(true);
  expect(replaced.map(({ descriptor }) => descriptor.digest)).toEqual([
    image.digest,
    LAYER_DESCRIPTOR.digest,
  ]);
  expect((await verify(target, "v1")).ok).toBe(true);
});

test("makes a store forget what it will not overwrite", async () => {
  const source = memoryStore();
  await pushImage(source, { tag: "v1", layers: [LAYER] });
  const store = memoryStore();
  await copy(source, "v1", store, "v1");
  const wrong = new Map([[LAYER_DESCRIPTOR.digest, randomBytes(4999, 4)]]);
  expect(await repair(rotten(store, wrong, { overwrites: false }), "v1", source)).toMatchObject({ ok: true });
});

test("says what stays wrong at a store that neither overwrites nor deletes", async () => {
  const source = memoryStore();
  await pushImage(source, { tag: "v1", layers: [LAYER] });
  const store = memoryStore();
  await copy(source, "v1", store, "v1");
  const wrong = new Map([[LAYER_DESCRIPTOR.digest, randomBytes(4999, 4)]]);
  const { delete: _, ...target } = rotten(store, wrong, { overwrites: false });
  const report = await repair(target, "v1", source);
  expect(report).toMatchObject({ ok: false, remaining: [{ descriptor: LAYER_DESCRIPTOR }] });
});

test("fails where the source does not have it either", async () => {
  const target = memoryStore();
  await pushImage(target, { tag: "v1", layers: [LAYER] });
  await target.delete(LAYER_DESCRIPTOR);
  await expect(repair(target, "v1", memoryStore())).rejects.toMatchObject({
    code: "NOT_FOUND",
    side: "source",
  });
});
