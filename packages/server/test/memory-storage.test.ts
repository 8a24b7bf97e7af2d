import { digestOf } from "@reg/content";
import { expect, test } from "vitest";
import { memoryStorage, type RegistryStorage } from "../src/index.ts";
import { noise } from "./support.ts";

async function put(
  storage: RegistryStorage,
  repository: string,
  bytes: Uint8Array,
): Promise<ReturnType<typeof digestOf>> {
  const writer = await storage.writer();
  try {
    await writer.write(bytes);
    await writer.commit(storage.repository(repository), digestOf(bytes));
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return digestOf(bytes);
}

const full = { code: "SIZE_EXCEEDED" };

test("what repositories share is held once, until the last one lets go", async () => {
  const storage = memoryStorage({ maxBytes: 1000 });
  const [one, two] = [storage.repository("one"), storage.repository("two")];
  const digest = await put(storage, "one", noise(600));
  expect(await two.mount(digest, one)).toBe(true);
  expect(await two.mount(digest, one)).toBe(true);
  expect(await one.remove(digest)).toBe(true);
  expect(await one.remove(digest)).toBe(false);
  expect(await two.stat(digest)).toBe(600);
  await expect(put(storage, "one", noise(600, 2))).rejects.toMatchObject(full);
  expect(await two.remove(digest)).toBe(true);
  await put(storage, "one", noise(600, 2));
});

test("content that is there already takes no more room, and neither does what was given up", async () => {
  const storage = memoryStorage({ maxBytes: 1000 });
  for (let i = 0; i < 5; i += 1) await put(storage, "a", noise(400));
  const writer = await storage.writer();
  await writer.write(noise(600, 2));
  await expect(put(storage, "a", noise(10, 3))).rejects.toMatchObject(full);
  await writer.abort();
  await writer.abort();
  await put(storage, "a", noise(600, 3));
});

test("a repository is there from its first content on, and never for being looked at", async () => {
  const storage = memoryStorage();
  const repository = storage.repository("seen");
  expect(await repository.exists()).toBe(false);
  expect(await repository.index()).toEqual([]);
  expect(await storage.repositories()).toEqual([]);
  await put(storage, "seen", noise(1));
  expect(await repository.exists()).toBe(true);
  expect(await storage.repositories()).toEqual(["seen"]);
});

test("any range of content comes out as it went in, however it was cut", async () => {
  const storage = memoryStorage();
  const bytes = noise(1_000_000);
  const writer = await storage.writer();
  for (let position = 0; position < bytes.byteLength; position += 77_777) {
    await writer.write(bytes.subarray(position, position + 77_777));
  }
  const read = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    return Buffer.concat(all);
  };
  for (const [start, end] of [
    [0, 1_000_000],
    [262_143, 262_145],
    [999_999, 1_000_000],
    [5, 5],
    [100_000, 900_000],
  ] as const) {
    expect(Buffer.compare(await read(writer.read({ start, end })), bytes.subarray(start, end))).toBe(0);
  }
  await writer.commit(storage.repository("a"), digestOf(bytes));
  const stored = storage.repository("a").read(digestOf(bytes), { start: 262_000, end: 600_000 });
  expect(Buffer.compare(await read(stored), bytes.subarray(262_000, 600_000))).toBe(0);
});

test("one storage's blob cannot be mounted into another", async () => {
  const [here, there] = [memoryStorage(), memoryStorage()];
  const digest = await put(there, "a", noise(10));
  expect(await here.repository("a").mount(digest, there.repository("a"))).toBe(false);
  await expect(async () => {
    for await (const _ of here.repository("a").read(digest)) throw new Error("nothing should come");
  }).rejects.toMatchObject({ code: "NOT_FOUND" });
});
