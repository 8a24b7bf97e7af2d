import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import { digestOf, MEDIA_TYPES, memoryStore, type ProgressEvent } from "@reg/content";
import { describe, expect, it } from "vitest";
import {
  type Answer,
  errorBody,
  type Seen,
  scriptedRegistry,
  testClient,
  testTransport,
} from "./support/scripted-registry.ts";

const bytes = new Uint8Array(randomBytes(400_000));
const digest = digestOf(bytes);
const BLOB = `GET /v2/demo/blobs/${digest}`;

/** Part of the body under the length of all of it, then the connection is cut. */
const cut = (headers: Record<string, string | number>, status: number, part: Uint8Array): Answer => ({
  status: 0,
  raw: (response: ServerResponse) => {
    response.writeHead(status, headers);
    response.write(part, () => setTimeout(() => response.destroy(), 20));
  },
});

const startOf = ({ headers }: Seen): number => Number((headers.range ?? "bytes=0-").slice(6).split("-")[0]);

const ranged = (seen: Seen): Answer => {
  const start = startOf(seen);
  return {
    status: 206,
    headers: {
      "content-range": `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`,
      "content-length": String(bytes.byteLength - start),
    },
    body: bytes.subarray(start),
  };
};

const reading = {
  "as a stream": async (ref: string, size?: number): Promise<Uint8Array> =>
    (await testClient().blobs.get(ref, { size })).bytes(1e9),
  "into a sink": async (ref: string, size?: number): Promise<Uint8Array> => {
    const chunks: Uint8Array[] = [];
    await testClient().blobs.getInto(
      ref,
      { write: (chunk) => void chunks.push(new Uint8Array(chunk)) },
      { size },
    );
    return new Uint8Array(Buffer.concat(chunks));
  },
};

describe.each(Object.entries(reading))("a blob read %s", (_, read) => {
  it("goes on at the next byte where the connection broke, as often as it brings some", async () => {
    let turn = 0;
    await using registry = await scriptedRegistry({
      [BLOB]: (seen) => {
        const start = startOf(seen);
        turn += 1;
        if (turn > 8) return ranged(seen);
        const headers = { "content-length": bytes.byteLength - start };
        const range = { "content-range": `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}` };
        const part = bytes.subarray(start, start + 1000);
        return start === 0 ? cut(headers, 200, part) : cut({ ...headers, ...range }, 206, part);
      },
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`))).toBe(digest);
    expect(registry.requests).toHaveLength(9);
    expect(registry.requests[1]?.headers.range).toBe("bytes=1000-");
    expect(registry.requests[8]?.headers.range).toBe("bytes=8000-");
  });

  it("skips what came already where a registry takes no notice of ranges", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: [
        cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, 5000)),
        { status: 200, headers: { "content-length": String(bytes.byteLength) }, body: bytes },
      ],
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`))).toBe(digest);
  });

  it("is not fooled by a body that ends early and announces no length", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: (seen) =>
        seen.headers.range === undefined ? { status: 200, body: bytes.subarray(0, 1000) } : ranged(seen),
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`, bytes.byteLength))).toBe(digest);
  });

  it.each([
    [
      "a range that begins elsewhere",
      { "content-range": `bytes 0-${bytes.byteLength - 1}/${bytes.byteLength}` },
    ],
    ["a part without a range", {}],
    ["several parts", { "content-type": "multipart/byteranges; boundary=x" }],
  ])("refuses %s", async (__, headers) => {
    await using registry = await scriptedRegistry({
      [BLOB]: [
        cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, 5000)),
        { status: 206, headers, body: bytes },
      ],
    });
    await expect(read(`${registry.host}/demo@${digest}`)).rejects.toMatchObject({ code: "PROTOCOL" });
  });

  it("goes on behind the right byte where a registry that takes no notice of ranges breaks off again", async () => {
    let turn = 0;
    await using registry = await scriptedRegistry({
      [BLOB]: () => {
        turn += 1;
        if (turn > 3)
          return { status: 200, headers: { "content-length": String(bytes.byteLength) }, body: bytes };
        return cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, turn * 50_000));
      },
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`))).toBe(digest);
    expect(registry.requests.map(({ headers }) => headers.range)).toEqual([
      undefined,
      "bytes=50000-",
      "bytes=100000-",
      "bytes=150000-",
    ]);
  });

  it("refuses another total than before", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: [
        cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, 5000)),
        {
          status: 206,
          headers: { "content-range": "bytes 5000-9999/10000" },
          body: bytes.subarray(5000, 10_000),
        },
      ],
    });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
  });

  it("gives up after five answers that bring nothing", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: () => ({
        status: 0,
        raw: (response) => {
          response.writeHead(200, { "content-length": bytes.byteLength }).flushHeaders();
          setTimeout(() => response.destroy(), 10);
        },
      }),
    });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "TRUNCATED",
    });
    expect(registry.requests).toHaveLength(5);
  });

  it("leaves it to the transport to try again where no answer comes", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: () => ({ status: 0, raw: (response) => response.destroy() }),
    });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "NETWORK",
    });
    expect(registry.requests).toHaveLength(1);
  });

  it("fails where the content is another one", async () => {
    const other = bytes.slice();
    other[7] = 255 - (other[7] ?? 0);
    await using registry = await scriptedRegistry({ [BLOB]: { status: 200, body: other } });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
    expect(registry.requests).toHaveLength(1);
  });

  it("stops reading where more comes than was announced", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: {
        status: 200,
        raw: (response) => {
          response.writeHead(200, { "transfer-encoding": "chunked" });
          // It never ends by itself.
          const timer = setInterval(() => response.write(bytes), 1);
          response.on("close", () => clearInterval(timer));
        },
      },
    });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
  });

  it("is refused before it is read where its length contradicts the descriptor", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: { status: 200, headers: { "content-length": "10" }, body: bytes.subarray(0, 10) },
    });
    await expect(read(`${registry.host}/demo@${digest}`, bytes.byteLength)).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
  });

  it("hashes the raw bytes of an answer that is encoded all the same", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: (seen) => {
        expect(seen.headers["accept-encoding"]).toMatch(/^identity/);
        return { status: 200, body: bytes };
      },
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`, bytes.byteLength))).toBe(digest);
  });

  it("says what the registry says where it is not there", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: { status: 404, body: errorBody("BLOB_UNKNOWN") },
    });
    await expect(read(`${registry.host}/demo@${digest}`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      errors: [{ code: "BLOB_UNKNOWN" }],
    });
  });

  it("asks the registry again for the way to the bytes, and not the signed URL", async () => {
    let signed = 0;
    await using registry = await scriptedRegistry({
      [BLOB]: () => {
        signed += 1;
        return { status: 307, headers: { location: `/cdn/${signed}?sig=x` } };
      },
      "GET /cdn/1": cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, 5000)),
      "GET /cdn/2": ranged,
    });
    expect(digestOf(await read(`${registry.host}/demo@${digest}`))).toBe(digest);
    expect(registry.requests.map(({ path }) => path.split("?")[0])).toEqual([
      `/v2/demo/blobs/${digest}`,
      "/cdn/1",
      `/v2/demo/blobs/${digest}`,
      "/cdn/2",
    ]);
  });

  it("can be an empty one", async () => {
    const empty = digestOf(new Uint8Array());
    await using registry = await scriptedRegistry({
      [`GET /v2/demo/blobs/${empty}`]: { status: 200, headers: { "content-length": "0" } },
    });
    expect(await read(`${registry.host}/demo@${empty}`)).toEqual(new Uint8Array());
  });
});

describe("a blob", () => {
  it("is given in part, by a registry that knows ranges and by one that does not", async () => {
    await using knows = await scriptedRegistry({
      [BLOB]: {
        status: 206,
        headers: { "content-range": `bytes 100-199/${bytes.byteLength}` },
        body: bytes.subarray(100, 200),
      },
    });
    await using ignores = await scriptedRegistry({ [BLOB]: { status: 200, body: bytes } });
    for (const { host, requests } of [knows, ignores]) {
      const stream = await testClient().blobs.get(`${host}/demo@${digest}`, { offset: 100, length: 100 });
      expect(stream.size).toBe(100);
      expect(await stream.bytes(1e9)).toEqual(bytes.subarray(100, 200));
      expect(requests[0]?.headers.range).toBe("bytes=100-199");
    }
  });

  it("lets the sink's own error through, and does not try again", async () => {
    await using registry = await scriptedRegistry({ [BLOB]: { status: 200, body: bytes } });
    const failure = new Error("no space left");
    const got = testClient().blobs.getInto(`${registry.host}/demo@${digest}`, {
      write: () => Promise.reject(failure),
    });
    await expect(got).rejects.toBe(failure);
    expect(registry.requests).toHaveLength(1);
  });

  it("rejects with the signal's own reason", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: { status: 200, raw: (response) => void response.writeHead(200).write("x") },
    });
    const controller = new AbortController();
    const reason = new Error("enough");
    const got = testClient().blobs.getInto(
      `${registry.host}/demo@${digest}`,
      { write: () => controller.abort(reason) },
      { signal: controller.signal },
    );
    await expect(got).rejects.toBe(reason);
    await expect(
      testClient().blobs.get(`${registry.host}/demo@${digest}`, { signal: controller.signal }),
    ).rejects.toBe(reason);
  });

  it("is measured by HEAD where its answer has no length", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: { status: 200, body: bytes },
      [`HEAD /v2/demo/blobs/${digest}`]: {
        status: 200,
        headers: { "content-length": String(bytes.byteLength) },
      },
    });
    const stream = await testClient().blobs.get(`${registry.host}/demo@${digest}`);
    expect(stream.size).toBe(bytes.byteLength);
    expect(digestOf(await stream.bytes(1e9))).toBe(digest);
  });

  it("tells its progress", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: { status: 200, headers: { "content-length": String(bytes.byteLength) }, body: bytes },
    });
    const done: number[] = [];
    const stream = await testClient().blobs.get(`${registry.host}/demo@${digest}`, {
      onProgress: (event) => void (event.type === "bytes" && done.push(event.done)),
    });
    await stream.bytes(1e9);
    expect(done.at(-1)).toBe(bytes.byteLength);
    expect(done).toEqual([...done].sort((a, b) => a - b));
  });

  it.each([-1, 1.5, 2 ** 53 + 2, 9e15, Number.NaN])("is not asked for with the size %d", async (size) => {
    await using registry = await scriptedRegistry({});
    await expect(testClient().blobs.get(`${registry.host}/demo@${digest}`, { size })).rejects.toThrow(/size/);
    expect(registry.requests).toHaveLength(0);
  });
});

describe("a blob read into a sink from any byte on", () => {
  it("is handed over by the transport itself, behind a break too", async () => {
    const sinks: boolean[] = [];
    await using registry = await scriptedRegistry({
      [BLOB]: (seen) => {
        const start = startOf(seen);
        if (start !== 1000) return ranged(seen);
        const headers = {
          "content-length": bytes.byteLength - start,
          "content-range": `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`,
        };
        return cut(headers, 206, bytes.subarray(start, start + 5000));
      },
    });
    const transport = testTransport();
    const client = testClient({
      transport: (request) => {
        sinks.push(request.sink !== undefined);
        return transport(request);
      },
    });
    const chunks: Uint8Array[] = [];
    const sink = { write: (chunk: Uint8Array) => void chunks.push(new Uint8Array(chunk)) };
    await client.blobs.getInto(`${registry.host}/demo@${digest}`, sink, {
      offset: 1000,
      size: bytes.byteLength,
    });
    expect(Buffer.concat(chunks).equals(bytes.subarray(1000))).toBe(true);
    expect(registry.requests.map(({ headers }) => headers.range)).toEqual(["bytes=1000-", "bytes=6000-"]);
    expect(sinks).toEqual([true, true]);
  });

  it("says why it goes on, to whoever follows a blob or a copy", async () => {
    let turn = 0;
    const config = new TextEncoder().encode("{}");
    const layer = { mediaType: MEDIA_TYPES.ociLayer, digest, size: bytes.byteLength };
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(config), size: 2 },
      layers: [layer],
    });
    await using registry = await scriptedRegistry({
      "GET /v2/demo/manifests/1.0": {
        status: 200,
        headers: { "content-type": MEDIA_TYPES.ociManifest },
        body: manifest,
      },
      [`GET /v2/demo/blobs/${digestOf(config)}`]: { status: 200, body: config },
      [BLOB]: (seen) => {
        turn += 1;
        if (turn % 2 === 0) return ranged(seen);
        return cut({ "content-length": bytes.byteLength }, 200, bytes.subarray(0, 1000));
      },
    });
    const client = testClient();
    const retried: { readonly digest: string; readonly reason: string }[] = [];
    const onProgress = (event: ProgressEvent): void => {
      if (event.type === "retried") retried.push({ digest: event.descriptor.digest, reason: event.reason });
    };
    const sink = { write: () => undefined };
    await client.blobs.getInto(`${registry.host}/demo@${digest}`, sink, { onProgress });
    await client.pull(`${registry.host}/demo:1.0`, memoryStore(), { onProgress });
    expect(turn).toBe(4);
    expect(retried).toEqual(Array(2).fill({ digest, reason: expect.stringContaining(registry.host) }));
  });

  it("takes nothing behind a break from a transport that does not tell what it is", async () => {
    const engine = testTransport();
    const client = testClient({
      transport: (request) => {
        const { sink } = request;
        return sink === undefined
          ? engine(request)
          : engine({ ...request, sink: { write: (c) => sink.write(c) } });
      },
    });
    await using registry = await scriptedRegistry({ [BLOB]: { status: 200, body: bytes } });
    const written: number[] = [];
    const sink = { write: (chunk: Uint8Array) => void written.push(chunk.byteLength) };
    const ref = `${registry.host}/demo@${digest}`;
    await expect(
      client.blobs.getInto(ref, sink, { offset: 1000, size: bytes.byteLength }),
    ).rejects.toMatchObject({ code: "PROTOCOL" });
    expect(written).toEqual([]);
  });

  it.each([203, 206])("is no content with the status %i that nobody asked for", async (status) => {
    await using registry = await scriptedRegistry({ [BLOB]: { status, body: bytes } });
    const written: number[] = [];
    const sink = { write: (chunk: Uint8Array) => void written.push(chunk.byteLength) };
    await expect(testClient().blobs.getInto(`${registry.host}/demo@${digest}`, sink)).rejects.toMatchObject({
      code: "PROTOCOL",
      status,
    });
    expect(written).toEqual([]);
  });
});
