import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ByteSink, digestOf, MEDIA_TYPES, memoryStore, type Ranges } from "@reg/content";
import { fileWriter } from "@reg/layout";
import { compose, withRedirects, withRetry, withThrottle } from "@reg/transport";
import { undiciTransport } from "@reg/transport/undici";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type ClientOptions, RegistryClient } from "../src/index.ts";
import { type RangeRequest, rangeRegistry, send } from "./support/range-registry.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const bytes = new Uint8Array(randomBytes(1.25 * MIB + 12_345));
const digest = digestOf(bytes);
const size = bytes.byteLength;
const PART = 64 * KIB;
const ranges = { connections: 4, partBytes: PART, above: 512 * KIB, always: true };

/** With all that stands between a client and its sockets. */
const clientOf = (options: Partial<ClientOptions> = {}): RegistryClient => {
  const engine = undiciTransport();
  const transport = compose(
    engine,
    withThrottle(),
    withRetry({ attempts: 3, baseDelayMs: 1 }),
    withRedirects(),
  );
  const client = new RegistryClient({ transport, closeTransport: () => engine.close(), ranges, ...options });
  onTestFinished(() => client.close());
  return client;
};

const collecting = (): {
  readonly sink: ByteSink;
  readonly digest: () => string;
  readonly taken: () => number;
} => {
  const chunks: Uint8Array[] = [];
  return {
    sink: { write: (chunk) => void chunks.push(new Uint8Array(chunk)) },
    digest: () => digestOf(Buffer.concat(chunks)),
    taken: () => chunks.reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
};

/** Each byte was asked for once, part by part. */
const expectOnce = (parts: readonly RangeRequest[]): void => {
  const sorted = [...parts].sort((one, other) => one.start - other.start);
  for (const [index, { start, end }] of sorted.entries()) {
    expect(end).toBe(Math.min(start + PART, size));
    if (index > 0) expect(start).toBe(sorted[index - 1]?.end);
  }
  expect(sorted[0]?.start).toBe(0);
  expect(sorted.at(-1)?.end).toBe(size);
};

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "client-ranges-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const reading: Record<string, (client: RegistryClient, ref: string) => Promise<string>> = {
  "as a stream": async (client, ref) => {
    const all: Buffer[] = [];
    for await (const chunk of await client.blobs.get(ref, { size })) all.push(Buffer.from(chunk));
    return digestOf(Buffer.concat(all));
  },
  "into a sink": async (client, ref) => {
    const { sink, digest: found } = collecting();
    await client.blobs.getInto(ref, sink, { size });
    return found();
  },
};

describe.each(Object.entries(reading))("a large blob read %s", (_, read) => {
  it("comes over four connections where each is limited, every byte once", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 4 * MIB });
    expect(await read(clientOf(), registry.ref)).toBe(digest);
    expectOnce(registry.requests);
    expect(registry.together).toBe(4);
    expect(registry.connections).toBe(4);
  });

  it.each<[string, Readonly<Record<string, string>>, number, number]>([
    ["all of it", {}, 200, 0],
    ["a range that begins elsewhere", { "content-range": `bytes 0-${size - 1}/${size}` }, 206, 0],
    ["a part without saying which", {}, 206, 0],
    ["several ranges", { "content-type": "multipart/byteranges; boundary=x" }, 206, 0],
    ["a total that is another", { "content-range": `bytes START-${size - 1}/${size + 1}` }, 206, 0],
    ["more than the part", { "content-range": `bytes START-${size - 1}/${size}` }, 206, 0],
  ])("goes on over one connection where a part is answered with %s", async (__, headers, status) => {
    await using registry = await rangeRegistry({
      bytes,
      misbehave: ({ isPart, start }, response) => {
        if (!isPart) return false;
        const told = Object.entries(headers).map(([name, value]) => [
          name,
          value.replace("START", `${start}`),
        ]);
        response.writeHead(status, Object.fromEntries(told));
        response.end(status === 200 ? bytes : bytes.subarray(start));
        return true;
      },
    });
    const client = clientOf();
    expect(await read(client, registry.ref)).toBe(digest);
    expect(registry.requests.filter(({ isPart }) => !isPart)).toHaveLength(1);
    expect(registry.parts).toHaveLength(1);
    // And is not asked for a part again.
    expect(await read(client, registry.ref)).toBe(digest);
    expect(registry.parts).toHaveLength(1);
  });

  it.each([403, 404, 416, 500])("goes on over one connection where parts get a %i", async (status) => {
    await using registry = await rangeRegistry({
      bytes,
      misbehave: ({ isPart }, response) => {
        if (isPart) response.writeHead(status).end();
        return isPart;
      },
    });
    expect(await read(clientOf(), registry.ref)).toBe(digest);
    expect(registry.requests.filter(({ isPart }) => !isPart)).toHaveLength(1);
  });

  it("asks for the rest of a part that broke off, and of one that ended early", async () => {
    await using registry = await rangeRegistry({
      bytes,
      misbehave: ({ isPart, start, end, turn }, response) => {
        if (!isPart || end - start < PART || turn % 3 === 0) return false;
        const range = `bytes ${start}-${end - 1}/${size}`;
        const half = bytes.subarray(start, start + PART / 2);
        if (turn % 3 === 1) {
          response.writeHead(206, { "content-range": range, "content-length": end - start });
          response.write(half, () => setTimeout(() => response.destroy(), 10));
        } else {
          response.writeHead(206, { "content-range": `bytes ${start}-${start + PART / 2 - 1}/${size}` });
          response.end(half);
        }
        return true;
      },
    });
    expect(await read(clientOf(), registry.ref)).toBe(digest);
    expect(registry.parts.filter(({ start, end }) => end - start === PART / 2).length).toBeGreaterThan(3);
    expect(registry.requests.filter(({ isPart }) => !isPart)).toHaveLength(0);
  });

  it("makes do with fewer connections where a registry minds so many", async () => {
    let minded = 0;
    await using registry = await rangeRegistry({
      bytes,
      bytesPerSecond: 4 * MIB,
      misbehave: ({ isPart, together }, response) => {
        if (!isPart || together <= 2) return false;
        minded += 1;
        response.writeHead(429).end();
        return true;
      },
    });
    expect(await read(clientOf(), registry.ref)).toBe(digest);
    expect(minded).toBeGreaterThan(0);
    expect(minded).toBeLessThan(12);
    expect(registry.requests.filter(({ isPart }) => !isPart)).toHaveLength(0);
  });

  it("goes on over one connection where parts stop coming, from the byte that is missing", async () => {
    await using registry = await rangeRegistry({
      bytes,
      bytesPerSecond: 4 * MIB,
      misbehave: ({ isPart, turn }, response) => {
        if (!isPart || turn < 6) return false;
        response.writeHead(403).end();
        return true;
      },
    });
    expect(await read(clientOf(), registry.ref)).toBe(digest);
    const rest = registry.requests.filter(({ isPart }) => !isPart);
    expect(rest).toHaveLength(1);
    expect(rest[0]?.start).toBeGreaterThan(PART);
    expect(rest[0]?.end).toBe(size);
  });

  it("is told from another by its digest where parts are of another content", async () => {
    await using registry = await rangeRegistry({
      bytes,
      misbehave: ({ isPart, start, end, turn }, response) => {
        if (!isPart || turn !== 3) return false;
        response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${size}` });
        response.end(new Uint8Array(end - start));
        return true;
      },
    });
    await expect(read(clientOf(), registry.ref)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });
});

describe("parts of a large blob", () => {
  it("come behind a first answer where nobody knows how large it is", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 4 * MIB });
    const { sink, digest: found } = collecting();
    await clientOf().blobs.getInto(registry.ref, sink);
    expect(found()).toBe(digest);
    expectOnce(registry.parts);
    expect(registry.requests.filter(({ isPart }) => !isPart)).toHaveLength(1);
  });

  it("are asked for no further ahead than a part for each connection", async () => {
    const { sink, taken, digest: found } = collecting();
    let furthest = 0;
    await using registry = await rangeRegistry({
      bytes,
      bytesPerSecond: 6 * MIB,
      onRequest: ({ isPart, end }) => {
        if (isPart) furthest = Math.max(furthest, end - taken());
      },
    });
    const slow: ByteSink = {
      write: async (chunk) => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        await sink.write(chunk);
      },
    };
    await clientOf().blobs.getInto(registry.ref, slow, { size });
    expect(found()).toBe(digest);
    expect(registry.parts.length).toBeGreaterThan(8);
    // What the sink is writing still lies in a part.
    expect(furthest).toBeLessThanOrEqual(4 * PART);
  });

  it("are not asked for where the registry says that it has none, or the blob is small", async () => {
    await using refusing = await rangeRegistry({
      bytes,
      bytesPerSecond: 6 * MIB,
      headers: { "accept-ranges": "none" },
    });
    await clientOf().blobs.getInto(refusing.ref, collecting().sink);
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 6 * MIB });
    await clientOf({ ranges: { ...ranges, above: size + 1 } }).blobs.getInto(registry.ref, collecting().sink);
    await clientOf({ ranges: "off" }).blobs.getInto(registry.ref, collecting().sink);
    await clientOf().blobs.getInto(registry.ref, collecting().sink, { ranges: "off" });
    expect([...refusing.parts, ...registry.parts]).toEqual([]);
  });

  it("keep no more connections busy than the client may, all its downloads together", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 4 * MIB });
    const client = clientOf({ concurrency: 3 });
    await Promise.all([1, 2].map(() => client.blobs.getInto(registry.ref, collecting().sink)));
    // A connection that ends here is there for a moment longer.
    expect(registry.together).toBeLessThanOrEqual(4);
    expect(registry.parts.length).toBeGreaterThan(0);
    await using single = await rangeRegistry({ bytes, bytesPerSecond: 6 * MIB });
    await clientOf({ concurrency: 1 }).blobs.getInto(single.ref, collecting().sink);
    expect(single.parts).toEqual([]);
  });

  it("go through the registry each, which sends each of them to the storage", async () => {
    const signed = new Set<string>();
    let refused = 0;
    await using registry = await rangeRegistry({
      bytes,
      bytesPerSecond: 6 * MIB,
      misbehave: ({ path, start, end }, response, { headers }) => {
        if (path.startsWith("/v2/")) {
          const url = `/storage?signature=${signed.size}`;
          signed.add(url);
          response.writeHead(307, { location: url }).end();
        } else if (signed.has(path)) {
          // Good for one request.
          signed.delete(path);
          signed.add(`${path}-used`);
          const status = headers.range === undefined ? 200 : 206;
          response.writeHead(status, {
            "content-length": end - start,
            "content-range": `bytes ${start}-${end - 1}/${size}`,
          });
          send(response, bytes.subarray(start, end), 8 * MIB);
        } else {
          refused += 1;
          response.writeHead(403).end();
        }
        return true;
      },
    });
    const { sink, digest: found } = collecting();
    await clientOf().blobs.getInto(registry.ref, sink);
    expect(found()).toBe(digest);
    expect(refused).toBe(0);
    expect(registry.parts.filter(({ path }) => path.startsWith("/storage")).length).toBeGreaterThan(10);
  });

  it("end with the download, whoever ends it", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: MIB });
    const client = clientOf();
    const controller = new AbortController();
    const waiting = client.blobs.getInto(registry.ref, collecting().sink, { signal: controller.signal });
    await expect.poll(() => registry.busy).toBe(4);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect.poll(() => registry.busy).toBe(0);

    const full = new Error("the disk is full");
    let written = 0;
    const failing: ByteSink = {
      write: (chunk) => {
        written += chunk.byteLength;
        if (written > 6 * PART) throw full;
      },
    };
    await expect(client.blobs.getInto(registry.ref, failing)).rejects.toBe(full);
    await expect.poll(() => registry.busy).toBe(0);

    let came = 0;
    for await (const chunk of await client.blobs.get(registry.ref)) {
      came += chunk.byteLength;
      if (came > 6 * PART) break;
    }
    await expect.poll(() => registry.busy).toBe(0);
    const asked = registry.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(registry.requests).toHaveLength(asked);
  });

  it("make a file, too", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 4 * MIB });
    const path = join(folder, "saved");
    await clientOf().blobs.save(registry.ref, (descriptor) => fileWriter(path, descriptor));
    expect(digestOf(await readFile(path))).toBe(digest);
    expect(registry.parts.length).toBeGreaterThan(8);
  });

  it("leave a file that is good up to its end when a save is ended, and the next one goes on there", async () => {
    await using registry = await rangeRegistry({ bytes, bytesPerSecond: 2 * MIB });
    const path = join(folder, "resumed");
    const controller = new AbortController();
    const saving = clientOf().blobs.save(registry.ref, (descriptor) => fileWriter(path, descriptor), {
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === "bytes" && event.done > size / 2) controller.abort(new Error("killed"));
      },
    });
    await expect(saving).rejects.toThrow("killed");
    const asked = registry.requests.length;
    await clientOf().blobs.save(registry.ref, (descriptor) => fileWriter(path, descriptor));
    expect(digestOf(await readFile(path))).toBe(digest);
    expect(registry.requests[asked]?.start).toBeGreaterThan(0);
    expect(registry.requests[asked]?.start).toBeLessThan(size);
  });

  it("are tried once, and the whole then comes over one connection, where a copy gets wrong ones", async () => {
    const layer = { mediaType: MEDIA_TYPES.ociLayer, digest, size };
    const config = new TextEncoder().encode("{}");
    const manifest = new TextEncoder().encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(config), size: config.byteLength },
        layers: [layer],
      }),
    );
    await using registry = await rangeRegistry({
      bytes,
      bytesPerSecond: 6 * MIB,
      misbehave: ({ path, isPart, start, end, turn }, response) => {
        if (path.includes("/manifests/")) {
          response.writeHead(200, { "content-type": MEDIA_TYPES.ociManifest }).end(manifest);
        } else if (path.endsWith(digestOf(config))) response.writeHead(200).end(config);
        else if (isPart && turn === 3) {
          response.writeHead(206, { "content-range": `bytes ${start}-${end - 1}/${size}` });
          response.end(new Uint8Array(end - start));
        } else return false;
        return true;
      },
    });
    const target = memoryStore();
    await clientOf().pull(`${registry.host}/demo:1.0`, target);
    expect(await target.exists(layer)).toBe(true);
    const last = registry.requests.filter(({ path }) => path.endsWith(digest)).at(-1);
    expect(last).toMatchObject({ isPart: false, start: 0 });
  });
});

describe("ranges by themselves", () => {
  // Nothing but the sizes is another than by default.
  const auto: Ranges = { above: 4 * MIB, partBytes: 512 * KIB };
  const large = new Uint8Array(randomBytes(9 * MIB));

  it("stay off where one connection is fast", async () => {
    await using registry = await rangeRegistry({ bytes: large });
    await clientOf({ ranges: auto }).blobs.getInto(registry.ref, collecting().sink);
    expect(registry.requests).toHaveLength(1);
  });

  it("stay off where our own side is slow", async () => {
    await using registry = await rangeRegistry({ bytes: large });
    // As fast as the one below.
    const slow: ByteSink = {
      write: ({ byteLength }) =>
        new Promise((resolve) => setTimeout(resolve, (byteLength / (1.5 * MIB)) * 1000)),
    };
    const signal = AbortSignal.timeout(2500);
    const reading = clientOf({ ranges: auto }).blobs.getInto(registry.ref, slow, { signal });
    await expect(reading).rejects.toThrow("timeout");
    expect(registry.requests).toHaveLength(1);
  });

  it("are used where each connection is limited", async () => {
    await using registry = await rangeRegistry({ bytes: large, bytesPerSecond: 1.5 * MIB });
    const { sink, digest: found } = collecting();
    await clientOf({ ranges: auto }).blobs.getInto(registry.ref, sink);
    expect(found()).toBe(digestOf(large));
    expect(registry.together).toBe(4);
  });
});
