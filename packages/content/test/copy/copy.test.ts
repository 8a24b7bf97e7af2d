import { expect, test } from "vitest";
import {
  type ContentTarget,
  copy,
  type Descriptor,
  digestOf,
  encodeJson,
  failedSide,
  LIMITS,
  MEDIA_TYPES,
  memoryStore,
  type ProgressEvent,
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

test("never writes a manifest anew: odd spaces, keys twice and a byte order mark arrive as they were", async () => {
  const source = memoryStore();
  const config = await pushBytes(source, encodeJson({ a: 1 }), MEDIA_TYPES.ociConfig);
  const text = `\ufeff{ "schemaVersion":2,"x":1,"x":2,"__proto__":{"y":1},\n"config":${JSON.stringify(config)},"layers":[] }\n`;
  const image = await pushBytes(source, new TextEncoder().encode(text), MEDIA_TYPES.ociManifest);
  const target = memoryStore();
  await copy(source, image.digest, target, "v1");
  expect(new TextDecoder("utf-8", { ignoreBOM: true }).decode(await bytesIn(target, image))).toBe(text);
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

test("pushes tiny content to a registry without asking for it, and asks once for the rest", async () => {
  const source = memoryStore();
  const large = randomBytes(100_000, 3);
  await pushImage(source, { tag: "v1", layers: [randomBytes(100), large] });
  const target = spy(memoryStore(), { remote: true });
  await copy(source, "v1", target.store, "v1");
  const asked = target.calls.filter((call) => call.startsWith("exists "));
  expect(asked.filter((call) => call.includes(digestOf(large)))).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test("mounts where it can, and after a refused mount pushes without another question", async () => {
  const source = memoryStore();
  const kept = randomBytes(20_000, 4);
  const image = await pushImage(source, { tag: "v1", layers: [randomBytes(20_000), kept] });
  const store = memoryStore();
  const target = spy(store, {
    remote: true,
    canMount: (from) => from === source,
    mount: async (descriptor) => {
      if (descriptor.digest === digestOf(kept)) return false;
      await store.push(descriptor, await bytesIn(source, descriptor));
      return true;
    },
  });
  const result = await copy(source, "v1", target.store, "v1");
  expect(result).toMatchObject({ mounted: 2, copied: 2, bytes: 20_000 + image.size });
  expect(target.count("mount")).toBe(3);
  expect(target.calls.filter((call) => call.startsWith("exists "))).toEqual([`exists ${image.digest}`]);
});

test("leaves foreign layers where they are unless they are asked for", async () => {
  const source = memoryStore();
  const config = await pushBytes(source, encodeJson({}), MEDIA_TYPES.ociConfig);
  const foreign = await pushBytes(source, randomBytes(50), MEDIA_TYPES.dockerForeignLayerGzip);
  const withUrls = {
    ...(await pushBytes(source, randomBytes(60), MEDIA_TYPES.ociLayer)),
    urls: ["https://a/"],
  };
  const manifest = { schemaVersion: 2, config, layers: [foreign, withUrls] };
  const image = await pushBytes(source, encodeJson(manifest), MEDIA_TYPES.ociManifest);
  const target = memoryStore();
  await copy(source, image.digest, target, "v1");
  expect(await target.exists(foreign)).toBe(false);
  // The type of a layer decides, not that it has urls.
  expect(await target.exists(withUrls)).toBe(true);
  await copy(source, image.digest, target, "v1", { foreignLayers: true, deep: true });
  expect(await target.exists(foreign)).toBe(true);
});

test("makes no request for content that its descriptor carries, and none for what does not match", async () => {
  const source = memoryStore();
  const config = await pushBytes(source, encodeJson({}), MEDIA_TYPES.ociEmpty);
  const good = { schemaVersion: 2, config: { ...config, data: "e30=" }, layers: [] };
  const bad = { schemaVersion: 2, config: { ...config, data: "W10=" }, layers: [] };
  const image = await pushBytes(source, encodeJson(good), MEDIA_TYPES.ociManifest);
  const broken = await pushBytes(source, encodeJson(bad), MEDIA_TYPES.ociManifest);
  const from = spy(source);
  await copy(from.store, image.digest, memoryStore(), "v1");
  expect(from.calls).toEqual([`resolve ${image.digest}`, `fetch ${image.digest}`]);
  const target = memoryStore();
  await expect(copy(source, broken.digest, target, "v1")).rejects.toMatchObject({
    code: "DIGEST_MISMATCH",
    side: "source",
  });
  expect(await target.exists(broken)).toBe(false);
});

test("copies a blob that its digest names, and refuses to tag it", async () => {
  const inner = memoryStore();
  const blob = await pushBytes(inner, randomBytes(500), "application/octet-stream");
  const source = { ...inner, resolve: async () => blob };
  const target = memoryStore();
  expect(await copy(source, blob.digest, target, undefined)).toMatchObject({ copied: 1, tags: [] });
  expect(await target.exists(blob)).toBe(true);
  await expect(copy(source, blob.digest, target, "v1")).rejects.toMatchObject({ code: "INVALID" });
});

test("lists what has no tag by its digest, and refuses a digest that is another", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  const target = spy(memoryStore());
  expect((await copy(source, "v1", target.store, undefined)).tags).toEqual([]);
  expect(target.calls).toContain(`tag ${image.digest} ${image.digest}`);
  const other = digestOf(randomBytes(1));
  await expect(copy(source, "v1", memoryStore(), other)).rejects.toMatchObject({ code: "INVALID" });
  const remote = spy(memoryStore(), { remote: true });
  await copy(source, "v1", remote.store, image.digest);
  expect(remote.count("tag")).toBe(0);
});

test("takes a name with a colon for a name, as docker archives have it", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1" });
  const target = memoryStore();
  expect((await copy(source, "v1", target, ["app:latest", "sha256:abc"])).tags).toEqual([
    "app:latest",
    "sha256:abc",
  ]);
  expect(await target.resolve("app:latest")).toEqual(image);
});

test("looks for what lies below a manifest that is there only when told to", async () => {
  const source = memoryStore();
  const layer = randomBytes(70, 5);
  await pushImage(source, { tag: "v1", layers: [layer] });
  const target = memoryStore();
  await copy(source, "v1", target, "v1");
  await target.delete(describe(layer, MEDIA_TYPES.ociLayer));
  expect((await copy(source, "v1", target, "v1")).copied).toBe(0);
  expect((await copy(source, "v1", target, "v1", { deep: true })).copied).toBe(1);
});

test("looks for it each time where others can change the target", async () => {
  const source = memoryStore();
  const layer = randomBytes(70, 5);
  await pushImage(source, { tag: "v1", layers: [layer] });
  const target = Object.assign(memoryStore(), { changeable: true });
  await copy(source, "v1", target, "v1");
  await target.delete(describe(layer, MEDIA_TYPES.ociLayer));
  expect((await copy(source, "v1", target, "v1")).copied).toBe(1);
});

test("fills in the entries that an index at the target does not have yet", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const target = memoryStore();
  await copy(source, "v1", target, "v1", { platforms: [AMD64], index: "sparse" });
  expect(await copy(source, "v1", target, "v1")).toMatchObject({ copied: 3, skipped: 2 });
});

test("refuses a schema 1 manifest by name", async () => {
  const source = memoryStore();
  const bytes = encodeJson({ schemaVersion: 1, fsLayers: [] });
  const manifest = await pushBytes(source, bytes, MEDIA_TYPES.dockerSchema1);
  await expect(copy(source, manifest.digest, memoryStore(), "v1")).rejects.toMatchObject({
    code: "UNSUPPORTED",
  });
});

test("makes no request for a child that is too large, unverifiable or of no size", async () => {
  const huge = {
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(randomBytes(1)),
    size: LIMITS.manifestBytes + 1,
  };
  const unverifiable = { ...huge, size: 5, digest: `blake3:${"a".repeat(64)}` as Descriptor["digest"] };
  for (const [child, code] of [
    [huge, "SIZE_EXCEEDED"],
    [unverifiable, "UNSUPPORTED"],
    [{ ...unverifiable, digest: `sha256:${"A".repeat(64)}` as Descriptor["digest"] }, "INVALID"],
  ] as const) {
    const inner = memoryStore();
    const index = await pushIndex(inner, [child], "v1");
    const source = spy(inner);
    await expect(copy(source.store, "v1", memoryStore(), "v1")).rejects.toMatchObject({
      code,
      side: "source",
    });
    expect(source.calls.filter((call) => call.startsWith("fetch "))).toEqual([`fetch ${index.digest}`]);
  }
});

test("follows nested indexes to a bounded depth", async () => {
  const source = memoryStore();
  let inner = await pushImage(source);
  for (let i = 0; i <= LIMITS.graphDepth; i += 1) inner = await pushIndex(source, [inner]);
  await expect(copy(source, inner.digest, memoryStore(), "v1")).rejects.toMatchObject({ code: "INVALID" });
});

test("tells its listener everything in order, and waits for it", async () => {
  const source = memoryStore();
  const image = await pushImage(source, { tag: "v1", layers: [randomBytes(300_000, 8)] });
  const events: ProgressEvent[] = [];
  let busy = 0;
  const result = await copy(source, "v1", memoryStore(), ["v1", "v2"], {
    concurrency: 1,
    onProgress: async (event) => {
      expect(busy).toBe(0);
      busy += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      busy -= 1;
      events.push(event);
    },
  });
  expect(events[0]).toEqual({ type: "planned", nodes: 3, bytes: result.bytes });
  expect(events.filter(({ type }) => type === "done")).toHaveLength(3);
  const layer = events.flatMap((event) =>
    event.type === "bytes" && event.descriptor.size === 300_000 ? [event.done] : [],
  );
  expect(layer.at(-1)).toBe(300_000);
  expect(events.slice(-2)).toEqual([
    { type: "tagged", descriptor: image, ref: "v1" },
    { type: "tagged", descriptor: image, ref: "v2" },
  ]);
});

test("stops with the reason of the signal, and lets nothing go on", async () => {
  const source = memoryStore();
  await pushPlatforms(source, [AMD64, ARM64], "v1");
  const controller = new AbortController();
  const reason = new Error("the user went home");
  const target = spy(memoryStore());
  const copying = copy(source, "v1", target.store, "v1", {
    signal: controller.signal,
    concurrency: 1,
    onProgress: ({ type }) => {
      if (type === "done") controller.abort(reason);
    },
  });
  await expect(copying).rejects.toBe(reason);
  expect(failedSide(reason)).toBeUndefined();
  const { length } = target.calls;
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(target.calls).toHaveLength(length);
  await expect(target.store.resolve("v1")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("goes on after a failure where it stopped", async () => {
  const source = memoryStore();
  const layers = Array.from({ length: 10 }, (_, i) => randomBytes(1000 + i, i));
  await pushImage(source, { tag: "v1", layers });
  const store = memoryStore();
  let pushes = 0;
  const broken = spy(store, {
    push: async (descriptor, body, options) => {
      pushes += 1;
      if (pushes > 5) throw new Error("disk full");
      await store.push(descriptor, body, options);
    },
  });
  const events: ProgressEvent[] = [];
  const failing = copy(source, "v1", broken.store, "v1", {
    concurrency: 1,
    onProgress: (event) => void events.push(event),
  });
  await expect(failing).rejects.toThrow("disk full");
  expect(events.filter(({ type }) => type === "failed")).toHaveLength(1);
  await expect(store.resolve("v1")).rejects.toMatchObject({ code: "NOT_FOUND" });
  const from = spy(source);
  expect(await copy(from.store, "v1", store, "v1")).toMatchObject({ copied: 7, skipped: 5 });
  expect(from.count("fetch")).toBe(7);
});

test("says which side failed, and leaves the error what it was", async () => {
  class OddError extends Error {
    readonly code = "ODD";
  }
  const source = memoryStore();
  await pushImage(source, { tag: "v1" });
  const fail = async (): Promise<never> => {
    throw new OddError("odd");
  };
  const catchError = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(undefined, (error) => error);
  const cases: readonly [Promise<unknown>, string][] = [
    [copy(spy(source, { fetch: fail }).store, "v1", memoryStore(), "v1"), "source"],
    [copy(source, "v1", spy(memoryStore(), { push: fail }).store, "v1"), "target"],
    [copy(source, "v1", spy(memoryStore(), { exists: fail }).store, "v1"), "target"],
    [copy(source, "v1", spy(memoryStore(), { tag: fail }).store, "v1"), "target"],
  ];
  for (const [work, side] of cases) {
    const error = await catchError(work);
    expect(error).toBeInstanceOf(OddError);
    expect(error).toMatchObject({ code: "ODD", message: "odd" });
    expect(failedSide(error)).toBe(side);
  }
});
