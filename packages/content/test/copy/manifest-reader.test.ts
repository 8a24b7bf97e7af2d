import { expect, test } from "vitest";
import { bytesStream, copy, encodeJson, memoryStore } from "../../src/index.ts";
import { pushImage } from "../support/images.ts";
import { spy } from "../support/spy.ts";

test("fetches a manifest of wrong bytes once more, and then gives up with nothing written", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1" });
  let wrong = 1;
  const source = spy(inner, {
    fetch: async (descriptor, options) => {
      if (descriptor.digest !== image.digest || wrong === 0) return inner.fetch(descriptor, options);
      wrong -= 1;
      return bytesStream(encodeJson({ schemaVersion: 2, x: "y".repeat(image.size) }).subarray(0, image.size));
    },
  });
  await copy(source.store, "v1", memoryStore(), "v1");
  expect(source.calls.filter((call) => call === `fetch ${image.digest}`)).toHaveLength(2);
  wrong = 100;
  source.calls.length = 0;
  const target = spy(memoryStore());
  await expect(copy(source.store, "v1", target.store, "v1")).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
    side: "source",
  });
  expect(source.calls.filter((call) => call === `fetch ${image.digest}`)).toHaveLength(2);
  expect(target.calls).toEqual([]);
});

test("does not believe a source that verifies nothing", async () => {
  const inner = memoryStore();
  const image = await pushImage(inner, { tag: "v1" });
  const source = spy(inner, {
    fetchManifest: async () => ({ descriptor: image, bytes: new Uint8Array(image.size) }),
  });
  await expect(copy(source.store, "v1", memoryStore(), "v1")).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
  });
});

test("reads no manifest above the limit, and the limit can be set", async () => {
  const source = spy(memoryStore());
  const image = await pushImage(source.store, { tag: "v1" });
  source.calls.length = 0;
  const small = copy(source.store, "v1", memoryStore(), "v1", { maxManifestBytes: image.size - 1 });
  await expect(small).rejects.toMatchObject({ code: "SIZE_EXCEEDED", side: "source" });
  expect(source.calls).toEqual(["resolve v1"]);
  const exact = await copy(source.store, "v1", memoryStore(), "v1", { maxManifestBytes: image.size });
  expect(exact.copied).toBe(3);
});
