import {
  ContentError,
  type ContentSource,
  type Descriptor,
  digestOf,
  MEDIA_TYPES,
  memoryStore,
} from "@reg/content";
import { describe, expect, test } from "vitest";
import { createRegistry, folderStorage, memoryStorage, type ProxyOptions, serve } from "../src/index.ts";
import { bytesOf, codeOf, inProcess, noise, overHttp, pushImage, temporaryFolder } from "./support.ts";

interface Upstream {
  readonly source: ContentSource;
  readonly store: ContentSource;
  /** How often each thing was asked for: `resolve 1.0`, `fetch sha256:…`. */
  readonly asked: Map<string, number>;
  readonly manifest: Descriptor;
  readonly layer: Descriptor;
  readonly bytes: Uint8Array;
  /** Called before each chunk of the layer. */
  hold: () => Promise<void>;
  down: boolean;
  corrupt: boolean;
}

const describeBytes = (mediaType: string, bytes: Uint8Array): Descriptor => ({
  mediaType,
  digest: digestOf(bytes),
  size: bytes.byteLength,
});

/** An image of one layer of 3 MiB, tagged `1.0`. */
async function upstreamImage(size = 3 * 1024 * 1024): Promise<Upstream> {
  const store = memoryStore();
  const bytes = noise(size);
  const layer = describeBytes(MEDIA_TYPES.ociLayer, bytes);
  const configBytes = bytesOf("{}");
  const config = describeBytes(MEDIA_TYPES.ociConfig, configBytes);
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] };
  const manifestBytes = bytesOf(JSON.stringify(document));
  const manifest = describeBytes(MEDIA_TYPES.ociManifest, manifestBytes);
  await store.push(layer, bytes);
  await store.push(config, configBytes);
  await store.push(manifest, manifestBytes);
  await store.tag(manifest, "1.0");

  const asked = new Map<string, number>();
  const upstream: Upstream = {
    store,
    asked,
    manifest,
    layer,
    bytes,
    hold: async () => {},
    down: false,
    corrupt: false,
    source: {
      resolve: (ref) => ask(`resolve ${ref}`, () => store.resolve(ref)),
      exists: (descriptor) => ask(`exists ${descriptor.digest}`, () => store.exists(descriptor)),
      fetch: (descriptor, options) =>
        ask(`fetch ${descriptor.digest}`, async () => {
          const stream = await store.fetch(descriptor, options);
          if (descriptor.digest !== layer.digest) return stream;
          return {
            ...stream,
            size: layer.size,
            bytes: (limit) => stream.bytes(limit),
            discard: () => stream.discard(),
            [Symbol.asyncIterator]: slowly,
          };
        }),
      async *tags() {
        yield* ["2.0", "1.0"];
        if (upstream.down) throw new ContentError("STORAGE", "upstream is down");
      },
    },
  };
  async function ask<T>(what: string, answer: () => Promise<T>): Promise<T> {
    asked.set(what, (asked.get(what) ?? 0) + 1);
    if (upstream.down) throw new ContentError("STORAGE", "upstream is down");
    return answer();
  }
  async function* slowly(): AsyncGenerator<Uint8Array> {
    for (let position = 0; position < bytes.byteLength; position += 65_536) {
      await upstream.hold();
      const chunk = bytes.slice(position, position + 65_536);
      if (upstream.corrupt && position === 0) chunk[0] = (chunk[0] ?? 0) ^ 1;
      yield chunk;
    }
  }
  return upstream;
}

const proxyOf = (upstream: Upstream, more: Partial<ProxyOptions> = {}): { proxy: ProxyOptions } => ({
  proxy: { source: (name) => (name === "lib/image" ? upstream.source : undefined), ...more },
});
const image = "/v2/lib/image";

describe.each(["memory", "folder"])("pulling through into %s", (kind) => {
  async function storageOf(): Promise<{
    storage: ReturnType<typeof memoryStorage>;
    [Symbol.asyncDispose](): Promise<void>;
  }> {
    if (kind === "memory") return { storage: memoryStorage(), [Symbol.asyncDispose]: async () => {} };
    const folder = await temporaryFolder();
    return {
      storage: folderStorage(folder.path),
      [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
    };
  }

  test("what is asked for is fetched once, and is there when upstream is not", async () => {
    await using place = await storageOf();
    const upstream = await upstreamImage();
    const { send } = inProcess({ storage: place.storage, ...proxyOf(upstream) });
    for (let round = 0; round < 2; round += 1) {
      const manifest = await send(`${image}/manifests/1.0`);
      expect(manifest.headers.get("docker-content-digest")).toBe(upstream.manifest.digest);
      const blob = await send(`${image}/blobs/${upstream.layer.digest}`);
      expect(Buffer.compare(new Uint8Array(await blob.arrayBuffer()), upstream.bytes)).toBe(0);
    }
    expect(upstream.asked.get(`fetch ${upstream.layer.digest}`)).toBe(1);
    expect(upstream.asked.get(`fetch ${upstream.manifest.digest}`)).toBe(1);
    expect(upstream.asked.get("resolve 1.0")).toBe(2);

    upstream.down = true;
    const stale: unknown[] = [];
    const { send: later } = inProcess({
      storage: place.storage,
      ...proxyOf(upstream, { onStale: (_error, repository) => stale.push(repository) }),
    });
    expect((await later(`${image}/manifests/1.0`)).status).toBe(200);
    expect((await later(`${image}/manifests/${upstream.manifest.digest}`)).status).toBe(200);
    expect((await (await later(`${image}/blobs/${upstream.layer.digest}`)).arrayBuffer()).byteLength).toBe(
      upstream.layer.size,
    );
    expect(await (await later(`${image}/tags/list`)).json()).toEqual({ name: "lib/image", tags: ["1.0"] });
    expect(stale).toEqual(["lib/image", "lib/image"]);
  });

  test("twenty who ask at once make one request, and are served while it comes", async () => {
    await using place = await storageOf();
    const upstream = await upstreamImage();
    await using listener = await serve(createRegistry({ storage: place.storage, ...proxyOf(upstream) }));
    const send = overHttp(listener.url);
    await send(`${image}/manifests/1.0`);
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let chunks = 0;
    upstream.hold = async () => {
      chunks += 1;
      if (chunks > 40) await gate; // the last megabyte waits
    };
    const responses = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        send(
          `${image}/blobs/${upstream.layer.digest}`,
          i % 2 === 0 ? {} : { headers: { range: "bytes=100000-" } },
        ),
      ),
    );
    const [first] = responses;
    const reader = first?.body?.getReader();
    const start = await reader?.read();
    expect(start?.value?.byteLength).toBeGreaterThan(0); // before the whole is there
    release();
    let length = start?.value?.byteLength ?? 0;
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read())
      length += next.value.byteLength;
    expect(length).toBe(upstream.layer.size);
    for (const [i, response] of responses.entries()) {
      if (i === 0) continue;
      const bytes = new Uint8Array(await response.arrayBuffer());
      expect(Buffer.compare(bytes, i % 2 === 0 ? upstream.bytes : upstream.bytes.subarray(100_000))).toBe(0);
    }
    expect(upstream.asked.get(`fetch ${upstream.layer.digest}`)).toBe(1);
  });

  test("a wrong blob is never complete and never stored; the next one asks again", async () => {
    await using place = await storageOf();
    const upstream = await upstreamImage();
    const errors: unknown[] = [];
    await using listener = await serve(
      createRegistry({
        storage: place.storage,
        ...proxyOf(upstream),
        onError: (error) => errors.push(error),
      }),
    );
    const send = overHttp(listener.url);
    await send(`${image}/manifests/1.0`);
    upstream.corrupt = true;
    const response = await send(`${image}/blobs/${upstream.layer.digest}`);
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(errors).toMatchObject([{ code: "DIGEST_MISMATCH" }]);
    expect(await place.storage.repository("lib/image").stat(upstream.layer.digest)).toBeUndefined();
    upstream.corrupt = false;
    const again = await send(`${image}/blobs/${upstream.layer.digest}`);
    expect((await again.arrayBuffer()).byteLength).toBe(upstream.layer.size);
  });
});

describe("pulling through", () => {
  test("HEAD moves no bytes", async () => {
    const upstream = await upstreamImage();
    const { send } = inProcess(proxyOf(upstream));
    await send(`${image}/manifests/1.0`);
    const head = await send(`${image}/blobs/${upstream.layer.digest}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(upstream.layer.size)]);
    expect(upstream.asked.get(`fetch ${upstream.layer.digest}`)).toBeUndefined();
  });

  test("a manifest that is not stored takes one request where upstream can answer both questions at once", async () => {
    const upstream = await upstreamImage();
    const { source, asked, manifest } = upstream;
    const both: ContentSource = {
      ...source,
      async fetchManifest(ref) {
        asked.set(`both ${ref}`, (asked.get(`both ${ref}`) ?? 0) + 1);
        const descriptor = await upstream.store.resolve(ref);
        return { descriptor, bytes: await (await source.fetch(descriptor)).bytes(1000) };
      },
    };
    asked.clear();
    const { send } = inProcess({ proxy: { source: () => both } });
    for (let i = 0; i < 2; i += 1) {
      const response = await send(`${image}/manifests/1.0`);
      expect(response.headers.get("docker-content-digest")).toBe(manifest.digest);
    }
    expect([...asked.keys()].filter((key) => !key.startsWith("fetch"))).toEqual(["both 1.0", "resolve 1.0"]);
  });

  test("a tag is believed as long as was said", async () => {
    const upstream = await upstreamImage();
    const { send } = inProcess(proxyOf(upstream, { tagLifetimeMs: 60_000 }));
    for (let i = 0; i < 3; i += 1) await send(`${image}/manifests/1.0`);
    expect(upstream.asked.get("resolve 1.0")).toBe(1);
  });

  test("what neither side has is 404, an upstream that fails is 502, another repository is only what is stored", async () => {
    const upstream = await upstreamImage();
    const storage = memoryStorage();
    await pushImage(inProcess({ storage }).send, "own", "1", "own");
    const errors: unknown[] = [];
    const { send } = inProcess({ storage, ...proxyOf(upstream), onError: (error) => errors.push(error) });
    expect((await send(`${image}/manifests/none`)).status).toBe(404);
    expect((await send(`${image}/blobs/${digestOf(bytesOf("none"))}`)).status).toBe(404);
    expect((await send("/v2/own/manifests/1")).status).toBe(200);
    expect((await send("/v2/other/manifests/1")).status).toBe(404);
    upstream.down = true;
    const response = await send(`${image}/manifests/1.0`);
    expect([response.status, await codeOf(response)]).toEqual([502, "UNAVAILABLE"]);
    expect(errors).toMatchObject([{ message: "upstream is down" }]);
  });

  test("nothing can be pushed or deleted", async () => {
    const { send } = inProcess(proxyOf(await upstreamImage()));
    expect((await send(`${image}/blobs/uploads/`, { method: "POST" })).status).toBe(405);
    expect((await send(`${image}/manifests/1.0`, { method: "DELETE" })).status).toBe(405);
  });

  test("upstream's tags are listed in order, in pages", async () => {
    const { send } = inProcess(proxyOf(await upstreamImage()));
    const response = await send(`${image}/tags/list?n=1`);
    expect(await response.json()).toEqual({ name: "lib/image", tags: ["1.0"] });
    expect(response.headers.get("link")).toContain("last=1.0");
  });
});
