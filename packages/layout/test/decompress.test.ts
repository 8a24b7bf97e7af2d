import { randomBytes } from "node:crypto";
import { constants, gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decompress, detectCompression } from "../src/decompress.ts";
import { ZstdFrames } from "../src/zstd-frames.ts";

const SKIPPED = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 5, 0, 0, 0, 1, 2, 3, 4, 5]);

describe("following zstd frames", () => {
  it("knows where they end, whatever is in them and however the bytes are cut", () => {
    const content = fc.oneof(
      fc.uint8Array({ maxLength: 2000 }),
      fc.nat(400_000).map((size) => Buffer.alloc(size, "ab")),
    );
    fc.assert(
      fc.property(
        fc.array(content, { maxLength: 4 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 300 }),
        (parts, checked, cut) => {
          const params = { [constants.ZSTD_c_checksumFlag]: checked ? 1 : 0 };
          const frames = parts.flatMap((part) => [SKIPPED, zstdCompressSync(part, { params })]);
          const bytes = Buffer.concat(frames);
          const ends = new Set([0]);
          frames.reduce((end, frame) => {
            ends.add(end + frame.byteLength);
            return end + frame.byteLength;
          }, 0);
          const position = new ZstdFrames();
          for (let at = 0; at < bytes.byteLength; at += cut) {
            position.add(bytes.subarray(at, at + cut));
            expect(position.complete).toBe(ends.has(Math.min(at + cut, bytes.byteLength)));
          }
          expect(position.complete).toBe(true);
        },
      ),
    );
  });
});

describe("decompress", () => {
  it("unpacks gzip members and zstd frames in a row, however the bytes are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.constantFrom("gzip" as const, "zstd" as const, "skipping" as const),
        async (parts, cut, packing) => {
          const pack = packing === "gzip" ? gzipSync : zstdCompressSync;
          const packed = parts.map((part) =>
            packing === "skipping" ? Buffer.concat([SKIPPED, pack(part)]) : pack(part),
          );
          const whole = await unpack(Buffer.concat(packed), cut);
          expect(whole.equals(Buffer.concat(parts))).toBe(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("passes on what is not packed, and tells the difference by the first bytes", async () => {
    const bytes = randomBytes(100_000);
    bytes[0] = 0;
    expect((await unpack(bytes, 999)).equals(bytes)).toBe(true);
    expect(await unpack(Buffer.alloc(0), 1)).toEqual(Buffer.alloc(0));
    expect([gzipSync(""), zstdCompressSync(""), SKIPPED, Buffer.from("x")].map(detectCompression)).toEqual([
      "gzip",
      "zstd",
      "zstd",
      "none",
    ]);
  });

  it("refuses damaged data, and data that ends too early", async () => {
    const bytes = randomBytes(200_000);
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      await expect(unpack(packed.subarray(0, 100_000), 5000)).rejects.toMatchObject({ code: "INVALID" });
      await expect(
        unpack(Buffer.concat([packed.subarray(0, 30), randomBytes(50_000)]), 5000),
      ).rejects.toMatchObject({
        code: "INVALID",
      });
    }
    await expect(
      unpack(Buffer.concat([zstdCompressSync(bytes), Buffer.from("rubbish")]), 5000),
    ).rejects.toMatchObject({
      code: "INVALID",
    });
  });

  it("passes an error of its source on, and ends the source when it is left", async () => {
    const packed = gzipSync(randomBytes(1_000_000));
    let ended = 0;
    async function* source(failing: boolean): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        for (let at = 0; at < packed.byteLength; at += 100_000) {
          if (failing && at > 400_000) throw new TypeError("the source");
          yield packed.subarray(at, at + 100_000);
        }
      } finally {
        ended += 1;
      }
    }
    await expect(all(decompress(source(true)))).rejects.toThrow(new TypeError("the source"));
    for await (const chunk of decompress(source(false))) {
      expect(chunk.byteLength).toBeGreaterThan(0);
      break;
    }
    await expect.poll(() => ended).toBe(2);
  });
});

async function unpack(bytes: Uint8Array, cut: number): Promise<Buffer> {
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    // One buffer for all chunks, as the fastest sources have it.
    const shared = new Uint8Array(cut);
    for (let at = 0; at < bytes.byteLength; at += cut) {
      const part = bytes.subarray(at, at + cut);
      shared.set(part);
      yield shared.subarray(0, part.byteLength);
      shared.fill(0xee);
    }
  }
  return all(decompress(chunks()));
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const found: Buffer[] = [];
  for await (const chunk of chunks) found.push(Buffer.from(chunk));
  return Buffer.concat(found);
}
