import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { isContentError } from "@reg/content";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkedTar } from "../src/checked-tar.ts";
import { fullDockerName, parseDockerName, shortDockerName } from "../src/docker-name.ts";
import { splitPath } from "../src/image-path.ts";
import { tarEntries } from "../src/tar-entries.ts";
import { readTarIndex } from "../src/tar-index.ts";
import { tarOf } from "./image.ts";

let dir: string;
let tar: Buffer;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "damaged-"));
  tar = await tarOf([
    [{ name: "folder/", type: "directory" }],
    [{ name: "folder/file" }, "x".repeat(1500)],
    [{ name: `${"long/".repeat(40)}name`, pax: { "SCHILY.xattr.user.a": "b" } }, "y".repeat(10)],
    [{ name: "link", type: "symlink", linkname: "folder/file" }],
    [{ name: "hard", type: "link", linkname: "folder/file" }],
    [{ name: "last" }, "z".repeat(600)],
  ]);
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

/** Bytes overwritten, and an end that may come early. */
const damage = fc.record({
  bytes: fc.array(fc.tuple(fc.nat(8000), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
  end: fc.oneof(fc.constant(1e9), fc.nat(8000)),
  packed: fc.boolean(),
});

describe("a damaged tar", () => {
  it("is read as far as it makes sense, or refused by a code, and always comes to an end", async () => {
    await fc.assert(
      fc.asyncProperty(damage, async ({ bytes, end, packed }) => {
        const damaged = Buffer.from(tar.subarray(0, end));
        for (const [at, value] of bytes) if (at < damaged.byteLength) damaged[at] = value;
        const whole = packed ? gzipSync(damaged) : damaged;
        await refusedOrRead(async () => {
          for await (const { content } of tarEntries(chunksOf(whole))) for await (const _chunk of content());
        });
        await refusedOrRead(async () => {
          for await (const _item of tarEntries(chunksOf(whole)));
        });
        await refusedOrRead(async () => {
          for await (const _chunk of checkedTar(chunksOf(damaged)));
        });
        const path = join(dir, "damaged.tar");
        await writeFile(path, damaged);
        const file = await open(path, "r");
        try {
          await refusedOrRead(async () => {
            for (const { offset, size } of (await readTarIndex(file, path, damaged.byteLength)).values()) {
              expect(offset + size).toBeLessThanOrEqual(damaged.byteLength);
            }
          });
        } finally {
          await file.close();
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe("names", () => {
  it("of files never keep a part that leads anywhere", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "\0", "..") }), (text) => {
        let parts: readonly string[] = [];
        try {
          parts = splitPath(text);
        } catch (error) {
          expect(isContentError(error)).toBe(true);
        }
        for (const part of parts) expect(["", ".", ".."]).not.toContain(part);
      }),
    );
  });

  it("of images in docker archives are the same in short and in full, or refused by a code", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "docker.io", ".", "/", ":", "@", "5000", "library", " ") }),
        (text) => {
          let full: string | undefined;
          try {
            full = fullDockerName(parseDockerName(text));
          } catch (error) {
            expect(isContentError(error)).toBe(true);
          }
          if (full === undefined) return;
          const short = shortDockerName(parseDockerName(text));
          expect(short.length).toBeLessThanOrEqual(full.length);
        },
      ),
    );
  });
});

async function refusedOrRead(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if (!isContentError(error)) throw error;
    expect(["INVALID", "UNSUPPORTED", "SIZE_EXCEEDED"]).toContain(error.code);
  }
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += 700) yield bytes.subarray(at, at + 700);
}
