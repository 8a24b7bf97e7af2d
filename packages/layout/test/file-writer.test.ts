import { randomBytes } from "node:crypto";
import { writeSync } from "node:fs";
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { describeFile, fileBody, fileWriter } from "../src/index.ts";
import { blob } from "./content.ts";

let dir: string;
let path: string;
const bytes = randomBytes(4_000_000);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "writer-"));
  path = join(dir, "file");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a file writer", () => {
  it("takes chunks of any size, and reuses of one buffer", async () => {
    for (const cut of [1, 700, 65_536, 262_144, 300_000, 1_048_576, 4_000_000]) {
      const size = Math.min(bytes.byteLength, cut * 3000);
      const content = bytes.subarray(0, size);
      const writer = await fileWriter(path, blob(content));
      const shared = Buffer.alloc(cut);
      for (let at = 0; at < size; at += cut) {
        const length = content.copy(shared, 0, at, at + cut);
        await writer.write(shared.subarray(0, length));
        shared.fill(0);
      }
      await writer.commit();
      expect((await readFile(path)).equals(content)).toBe(true);
      expect(await readdir(dir)).toEqual(["file"]);
    }
  });

  it("takes what another thread wrote and hashed, and reads it again where its digest is another", async () => {
    const { digest } = blob(bytes);
    for (const told of [digest, `sha256:${"0".repeat(64)}`, undefined]) {
      const writer = await fileWriter(path, blob(bytes));
      const { file } = writer;
      expect(file).toMatchObject({ position: 0, size: bytes.byteLength, algorithm: "sha256" });
      writeSync(file?.fd ?? -1, bytes);
      file?.wrote(1_000_000);
      file?.wrote(3_000_000, told);
      await writer.commit();
      expect((await readFile(path)).equals(bytes)).toBe(true);
      await rm(path);
    }
  });

  it("refuses what another thread wrote where it is not the content, or not all of it", async () => {
    const wrong = randomBytes(bytes.byteLength);
    for (const [written, code] of [
      [wrong, "DIGEST_MISMATCH"],
      [bytes.subarray(0, 3_999_999), "SIZE_MISMATCH"],
    ] as const) {
      const writer = await fileWriter(path, blob(bytes));
      writeSync(writer.file?.fd ?? -1, written);
      writer.file?.wrote(written.byteLength, blob(written).digest);
      await expect(writer.commit()).rejects.toMatchObject({ code });
      expect(await readdir(dir)).toEqual([]);
    }
  });

  it("goes on behind what another thread left, in the same writer and in the next", async () => {
    const half = bytes.subarray(0, 2_500_000);
    const first = await fileWriter(path, blob(bytes));
    writeSync(first.file?.fd ?? -1, half);
    first.file?.wrote(half.byteLength);
    expect(first.file).toBeUndefined();
    for (let at = half.byteLength; at < bytes.byteLength; at += 700_000) {
      await first.write(bytes.subarray(at, at + 700_000));
    }
    await first.commit();
    expect((await readFile(path)).equals(bytes)).toBe(true);
    await rm(path);

    const second = await fileWriter(path, blob(bytes));
    writeSync(second.file?.fd ?? -1, half);
    second.file?.wrote(half.byteLength);
    await second.abort();
    const third = await fileWriter(path, blob(bytes));
    expect(third.offset).toBe(half.byteLength);
    // What was left is hashed here: nobody else can know the digest of the whole.
    expect(third.file).toBeUndefined();
    await third.write(bytes.subarray(half.byteLength));
    await third.commit();
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("leaves nothing behind where another thread could not write", async () => {
    const writer = await fileWriter(path, blob(bytes));
    const system = { code: "ENOSPC", errno: -28, syscall: "write" };
    const cause = Object.assign(new Error("ENOSPC: no space left on device, write"), system);
    expect(writer.file?.failed(cause)).toMatchObject({ code: "STORAGE", cause });
    expect(await readdir(dir)).toEqual([]);
    await writer.abort();
  });

  it("goes on where an aborted one stopped, and not where another content was begun", async () => {
    const first = await fileWriter(path, blob(bytes));
    await first.write(bytes.subarray(0, 2_345_678));
    await first.abort();
    const other = await fileWriter(path, blob(randomBytes(4_000_000)));
    expect(other.offset).toBe(0);
    await other.abort();
    const second = await fileWriter(path, blob(bytes));
    expect(second.offset).toBe(2_345_678);
    await second.write(bytes.subarray(second.offset));
    await second.commit();
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(await readdir(dir)).toEqual(["file"]);
  });

  it("does not touch what a living writer of the same content has begun", async () => {
    const first = await fileWriter(path, blob(bytes));
    await first.write(bytes.subarray(0, 2_000_000));
    const second = await fileWriter(path, blob(bytes));
    expect(second.offset).toBe(0);
    await second.write(bytes);
    await second.commit();
    await first.write(bytes.subarray(2_000_000));
    await first.commit();
    expect((await readFile(path)).equals(bytes)).toBe(true);
    expect(await readdir(dir)).toEqual(["file"]);
  });

  it("starts afresh after a beginning that was wrong", async () => {
    const first = await fileWriter(path, blob(bytes));
    await first.write(randomBytes(2_000_000));
    await first.abort();
    const second = await fileWriter(path, blob(bytes));
    await second.write(bytes.subarray(second.offset));
    await expect(second.commit()).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    const third = await fileWriter(path, blob(bytes));
    expect(third.offset).toBe(0);
    await third.write(bytes.subarray(0, 10));
    await third.restart();
    await third.write(bytes);
    await third.commit();
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it("leaves what was there before untouched, and nothing else, where the content is wrong", async () => {
    await writeFile(path, "before");
    const wrong: (readonly [Uint8Array, string])[] = [
      [bytes.subarray(1), "SIZE_MISMATCH"],
      [Buffer.concat([bytes, Buffer.from("x")]), "SIZE_MISMATCH"],
      [randomBytes(4_000_000), "DIGEST_MISMATCH"],
    ];
    for (const [content, code] of wrong) {
      const writer = await fileWriter(path, blob(bytes));
      const write = async (): Promise<void> => {
        await writer.write(content);
        await writer.commit();
      };
      await expect(write()).rejects.toMatchObject({ code });
      expect(await readdir(dir)).toEqual(["file"]);
      expect(await readFile(path, "utf8")).toBe("before");
      await writer.abort();
    }
  });

  it("reports a folder that is not there", async () => {
    await expect(fileWriter(join(dir, "none", "file"), blob(bytes))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    const small = await fileWriter(join(dir, "none", "file"), blob(Buffer.from("x")));
    await small.write(Buffer.from("x"));
    await expect(small.commit()).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a file as a body", () => {
  it("is read from any byte, again and again", async () => {
    await writeFile(path, bytes);
    const body = await fileBody(path);
    expect(body.size).toBe(4_000_000);
    for (const offset of [0, 1, 524_288, 3_999_999, 4_000_000]) {
      const chunks: Buffer[] = [];
      for await (const chunk of body.open(offset)) chunks.push(Buffer.from(chunk));
      expect(Buffer.concat(chunks).equals(bytes.subarray(offset))).toBe(true);
    }
    expect((await describeFile(path)).digest).toBe(blob(bytes).digest);
  });

  it("stops before the last chunk where the file changes while it is pushed", async () => {
    const changes: (readonly [string, () => Promise<void>])[] = [
      ["SIZE_MISMATCH", () => appendFile(path, "x")],
      ["SIZE_MISMATCH", () => truncate(path, 3_000_000)],
      ["DIGEST_MISMATCH", () => writeFile(path, randomBytes(4_000_000))],
      ["DIGEST_MISMATCH", () => utimes(path, 1, 1)],
    ];
    for (const [code, change] of changes) {
      await writeFile(path, bytes);
      const body = await fileBody(path);
      let seen = 0;
      const read = async (): Promise<void> => {
        for await (const chunk of body.open(0)) {
          if (seen === 0) await change();
          seen += chunk.byteLength;
        }
      };
      await expect(read()).rejects.toMatchObject({ code });
      expect(seen).toBeLessThan(4_000_000);
      await expect(body.open(0)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code });
    }
  });

  it("ends with the signal's reason", async () => {
    await writeFile(path, bytes);
    const controller = new AbortController();
    const read = async (): Promise<void> => {
      for await (const _chunk of (await fileBody(path)).open(0, controller.signal))
        controller.abort(new Error("enough"));
    };
    await expect(read()).rejects.toThrow("enough");
  });

  it("is refused where it is none", async () => {
    await expect(fileBody(join(dir, "none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(fileBody(dir)).rejects.toMatchObject({ code: "POLICY_REFUSED" });
  });
});
