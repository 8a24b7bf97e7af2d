import { expect, test } from "vitest";
import { byteStream, bytesStream } from "../src/byte-stream.ts";

test("gives all bytes at once, copied out of a buffer that is used again", async () => {
  const buffer = Buffer.alloc(3);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    buffer.set([1, 2, 3]);
    yield buffer;
    buffer.set([4, 5, 6]);
    yield buffer.subarray(0, 2);
    buffer.fill(0);
  }
  expect([...(await byteStream(chunks(), 5).bytes(5))]).toEqual([1, 2, 3, 4, 5]);
});

test("stops as soon as there is more than the limit", async () => {
  let taken = 0;
  let ended = false;
  function* endless(): Generator<Uint8Array> {
    try {
      for (;;) {
        taken += 1;
        yield new Uint8Array(10);
      }
    } finally {
      ended = true;
    }
  }
  await expect(byteStream(endless(), 20).bytes(25)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
  expect(taken).toBe(3);
  expect(ended).toBe(true);
});

test("refuses before it reads where the size is above the limit already", async () => {
  const unread: Iterable<Uint8Array> = {
    [Symbol.iterator]: () => {
      throw new Error("read");
    },
  };
  await expect(byteStream(unread, 11).bytes(10)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
});

test("is read once", async () => {
  const stream = bytesStream(new Uint8Array([1]));
  await stream.bytes(1);
  await expect(stream.bytes(1)).rejects.toMatchObject({ code: "INVALID" });
});

test("gives up what nobody has begun to read, and never throws doing it", async () => {
  let released = 0;
  const stream = byteStream([], 0, () => {
    released += 1;
    throw new Error("release");
  });
  await stream.discard();
  await stream.discard();
  expect(released).toBe(1);
});

test("ends the source when the iteration is left early", async () => {
  let ended = false;
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      yield new Uint8Array(1);
      yield new Uint8Array(1);
    } finally {
      ended = true;
    }
  }
  for await (const _ of byteStream(chunks(), 2)) break;
  expect(ended).toBe(true);
});

test("has nothing to give for empty content", async () => {
  const seen: Uint8Array[] = [];
  for await (const chunk of bytesStream(new Uint8Array())) seen.push(chunk);
  expect(seen).toEqual([]);
});
