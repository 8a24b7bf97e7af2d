import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createRegistry,
  memoryStorage,
  type RegistryListener,
  type RegistryRequest,
  serve,
} from "@reg/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  createClient,
  digestOf,
  memoryStore,
  openLayout,
  type ProgressEvent,
  packArtifact,
  type RegistryClient,
  verify,
} from "../src/index.ts";

const MIB = 1024 * 1024;
const layers = [10, 9, 8, 7, 6].map((size) => randomBytes(size * MIB));

let folder: string;
let listener: RegistryListener;
let client: RegistryClient;
let image: string;
type Body = AsyncIterable<Uint8Array>;
/** What becomes of the body of a large blob. */
let onBlob: (body: Body, request: RegistryRequest) => Body;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "workers-"));
  const registry = createRegistry({ storage: memoryStorage() });
  onBlob = (body) => body;
  listener = await serve({
    ...registry,
    handle: async (request) => {
      const reply = await registry.handle(request);
      const length = reply.headers.find(([name]) => name.toLowerCase() === "content-length")?.[1];
      const isLarge = request.method === "GET" && Number(length) >= MIB;
      const { body } = reply;
      if (!isLarge || body === undefined || body instanceof Uint8Array) return reply;
      return { ...reply, body: onBlob(body, request) };
    },
  });
  client = createClient({ workers: 1 });
  image = `localhost:${listener.port}/demo/app:1.0`;
  const store = memoryStore();
  const files = layers.map((body, index) => ({ name: `${index}.bin`, body, digest: digestOf(body) }));
  const manifest = await packArtifact(store, { artifactType: "application/vnd.demo", files });
  await store.tag(manifest, "1.0");
  await client.push(store, "1.0", image);
});

afterEach(async () => {
  await client.close();
  await listener.close();
  await rm(folder, { recursive: true, force: true });
});

/** Threads of this process that fetch blobs. */
function workers(): number {
  return readdirSync("/proc/self/task").filter(
    (task) => readFileSync(`/proc/self/task/${task}/comm`, "utf8").trim() === "registry blobs",
  ).length;
}

/** The body up to a byte; then the connection breaks. */
async function* cutAt(body: Body, size: number): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for await (const chunk of body) {
    const part = chunk.subarray(0, size - sent);
    sent += part.byteLength;
    yield part;
    if (sent === size) throw new Error("cut");
  }
}

async function* zeros(body: Body): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield new Uint8Array(chunk.byteLength);
}

async function* slowly(body: Body): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    yield chunk;
  }
}

async function pull(name: string, signal?: AbortSignal): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  await using layout = await openLayout(join(folder, name), { create: true });
  await client.pull(image, layout, { as: "1.0", signal, onProgress: (event) => void events.push(event) });
  expect((await verify(layout, "1.0")).faults).toEqual([]);
  return events;
}

test.runIf(process.platform === "linux")("a pull shares blobs out to another thread", async () => {
  expect(workers()).toBe(0);
  const events = await pull("plain");
  expect(workers()).toBe(1);
  for (const { byteLength } of layers) {
    const done = events.flatMap((event) =>
      event.type === "bytes" && event.descriptor.size === byteLength ? [event.done] : [],
    );
    expect(done.at(-1)).toBe(byteLength);
    expect(done.every((value, index) => value > (done[index - 1] ?? 0))).toBe(true);
  }
  await client.close();
  expect(workers()).toBe(0);
});

test("what another thread has begun is gone on with where its connection breaks", async () => {
  const ranges: (string | undefined)[] = [];
  const broken = new Set<string>();
  onBlob = (body, request) => {
    ranges.push(request.header("range"));
    if (broken.has(request.path)) return body;
    broken.add(request.path);
    return cutAt(body, 4.5 * MIB);
  };
  const events = await pull("broken");
  expect(broken.size).toBe(layers.length);
  expect(events.filter(({ type }) => type === "retried")).toHaveLength(layers.length);
  // Each was asked for once from its beginning, and once from where it broke.
  expect(ranges.filter((range) => range === undefined)).toHaveLength(layers.length);
  expect(ranges.filter((range) => range !== undefined)).toHaveLength(layers.length);
});

test("wrong bytes are refused whichever thread they come to", async () => {
  onBlob = zeros;
  await expect(pull("wrong")).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  const blobs = join(folder, "wrong", "blobs", "sha256");
  const sizes = layers.map((body) => digestOf(body).slice("sha256:".length));
  expect((await readdir(blobs)).filter((name) => sizes.includes(name))).toEqual([]);
});

test("a listener that fails ends the copy, also where another thread moves the bytes", async () => {
  await using layout = await openLayout(join(folder, "deaf"), { create: true });
  const onProgress = async (event: ProgressEvent): Promise<void> => {
    if (event.type === "bytes" && event.done > MIB) throw new Error("not listening");
  };
  await expect(client.pull(image, layout, { onProgress })).rejects.toThrow("not listening");
});

test("an abort ends what every thread is doing", async () => {
  const stop = new AbortController();
  onBlob = (body) => {
    setTimeout(() => stop.abort(new Error("no longer")), 50);
    return slowly(body);
  };
  await expect(pull("aborted", stop.signal)).rejects.toThrow("no longer");
  onBlob = (body) => body;
  await pull("aborted");
});
