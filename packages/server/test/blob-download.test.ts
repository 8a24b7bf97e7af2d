import { ContentError, type Descriptor, digestOf, MEDIA_TYPES, memoryStore } from "@reg/content";
import { expect, test } from "vitest";
import { BlobDownload } from "../src/blob-download.ts";
import { type BlobWriter, memoryStorage, type RegistryStorage } from "../src/index.ts";
import { noise } from "./support.ts";

async function upstreamOf(
  bytes: Uint8Array,
): Promise<{ descriptor: Descriptor; source: ReturnType<typeof memoryStore> }> {
  const source = memoryStore();
  const descriptor: Descriptor = {
    mediaType: MEDIA_TYPES.ociLayer,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  await source.push(descriptor, bytes);
  return { descriptor, source };
}

async function gather(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(new Uint8Array(chunk));
  return Buffer.concat(all);
}

test("a reader who comes while the blob is being given its name waits for it", async () => {
  const bytes = noise(10_000);
  const { descriptor, source } = await upstreamOf(bytes);
  const storage = memoryStorage();
  let finish = (): void => {};
  let begin = (): void => {};
  const committing = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const held: RegistryStorage = {
    ...storage,
    async writer(): Promise<BlobWriter> {
      const writer = await storage.writer();
      let named = false;
      return {
        get size() {
          return writer.size;
        },
        get readable() {
          return writer.readable;
        },
        write: (chunk) => writer.write(chunk),
        read: (range) => {
          if (named) throw new ContentError("NOT_FOUND", "the temporary name is gone");
          return writer.read(range);
        },
        async commit(repository, digest) {
          named = true;
          begin();
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          await writer.commit(repository, digest);
        },
        abort: () => writer.abort(),
      };
    },
  };
  const download = new BlobDownload(
    descriptor,
    source,
    storage.repository("a"),
    held,
    new AbortController().signal,
  );
  await committing;
  const read = gather(download.read({ start: 100, end: descriptor.size }));
  await new Promise((resolve) => setTimeout(resolve, 10));
  finish();
  expect(await read).toEqual(Buffer.from(bytes.subarray(100)));
  await download.ended;
});

test("an abort ends it for all readers, and nothing is stored", async () => {
  const { descriptor, source } = await upstreamOf(noise(10_000));
  const storage = memoryStorage();
  const controller = new AbortController();
  const slow = {
    ...source,
    resolve: source.resolve.bind(source),
    exists: source.exists.bind(source),
    fetch: async (...args: Parameters<typeof source.fetch>) => {
      const stream = await source.fetch(...args);
      return {
        size: stream.size,
        bytes: (limit: number) => stream.bytes(limit),
        discard: () => stream.discard(),
        async *[Symbol.asyncIterator]() {
          yield new Uint8Array(10);
          controller.abort(new Error("closing"));
          yield new Uint8Array(10);
        },
      };
    },
  };
  const download = new BlobDownload(descriptor, slow, storage.repository("a"), storage, controller.signal);
  await expect(gather(download.read({ start: 0, end: descriptor.size }))).rejects.toThrow("closing");
  await download.ended;
  expect(await storage.repository("a").stat(descriptor.digest)).toBeUndefined();
});

test("an empty blob is stored too", async () => {
  const { descriptor, source } = await upstreamOf(new Uint8Array(0));
  const storage = memoryStorage();
  const download = new BlobDownload(
    descriptor,
    source,
    storage.repository("a"),
    storage,
    new AbortController().signal,
  );
  expect(await gather(download.read({ start: 0, end: 0 }))).toHaveLength(0);
  await download.ended;
  expect(await storage.repository("a").stat(descriptor.digest)).toBe(0);
});
