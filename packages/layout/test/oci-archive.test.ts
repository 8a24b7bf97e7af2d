import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf } from "@reg/content";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openOciArchive } from "../src/index.ts";
import { all, blob, manifest } from "./content.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "archive-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("an OCI archive", () => {
  it("gives back what was put in, and tar lists it", async () => {
    const path = join(dir, "image.tar");
    const layers = [randomBytes(1_700_001), randomBytes(10), randomBytes(512), Buffer.alloc(0)];
    const image = manifest({ layers: layers.map(blob) });
    {
      await using archive = await openOciArchive(path, { mode: "write" });
      // All at once: each has its own place in the file.
      await Promise.all(layers.map((bytes) => archive.push(blob(bytes), bytes)));
      await archive.push(image.descriptor, image.bytes);
      await archive.tag(image.descriptor, "1.0");
      expect(await readdir(dir)).not.toContain("image.tar");
      await archive.close();
    }
    expect(await readdir(dir)).toEqual(["image.tar"]);
    await using archive = await openOciArchive(path);
    expect(await all(archive.tags())).toEqual(["1.0"]);
    expect(await archive.resolve("1.0")).toEqual(image.descriptor);
    expect(Buffer.from((await archive.fetchManifest(image.descriptor.digest)).bytes)).toEqual(
      Buffer.from(image.bytes),
    );
    for (const bytes of layers) {
      expect(await archive.exists(blob(bytes))).toBe(true);
      expect(Buffer.from(await (await archive.fetch(blob(bytes))).bytes(2_000_000)).equals(bytes)).toBe(true);
    }
    const first = layers[0] ?? Buffer.alloc(0);
    const tail = await (await archive.fetch(blob(first), { offset: 1_700_000 })).bytes(10);
    expect(Buffer.from(tail)).toEqual(first.subarray(1_700_000));
    const listed = execFileSync("tar", ["tf", path], { encoding: "utf8" }).trim().split("\n");
    expect(listed.slice(0, 3)).toEqual(["oci-layout", "blobs/", "blobs/sha256/"]);
    expect(listed.at(-1)).toBe("index.json");
    expect(listed).toHaveLength(3 + layers.length + 1 + 1);
  });

  it("keeps content under sha512, whose names are too long for a plain header", async () => {
    const path = join(dir, "image.tar");
    const bytes = randomBytes(1000);
    const descriptor = { ...blob(bytes), digest: digestOf(bytes, "sha512") };
    const image = manifest({ layers: [descriptor] });
    {
      await using archive = await openOciArchive(path, { mode: "write" });
      await archive.push(descriptor, bytes);
      await archive.push(image.descriptor, image.bytes);
      await archive.tag(image.descriptor, "x");
      await archive.close();
    }
    await using archive = await openOciArchive(path);
    expect(Buffer.from(await (await archive.fetch(descriptor)).bytes(1000)).equals(bytes)).toBe(true);
    const name = `blobs/sha512/${createHash("sha512").update(bytes).digest("hex")}`;
    expect(execFileSync("tar", ["xOf", path, name]).equals(bytes)).toBe(true);
  });

  it("leaves nothing where it was given up, or where nothing was put in", async () => {
    const path = join(dir, "image.tar");
    await writeFile(path, "the old one");
    {
      await using archive = await openOciArchive(path, { mode: "write" });
      await archive.push(blob(Buffer.from("x")), Buffer.from("x"));
    }
    await using archive = await openOciArchive(path, { mode: "write" });
    await expect(archive.close()).rejects.toMatchObject({ code: "INVALID" });
    expect(await readdir(dir)).toEqual(["image.tar"]);
    expect(await readFile(path, "utf8")).toBe("the old one");
  });

  it("has no trace of content whose writer failed", async () => {
    const path = join(dir, "image.tar");
    const layers = [randomBytes(5000), randomBytes(3_000_000), randomBytes(700)];
    const failing = [randomBytes(2000), randomBytes(2_000_000), randomBytes(100)];
    const image = manifest({ layers: layers.map(blob) });
    {
      await using archive = await openOciArchive(path, { mode: "write" });
      for (const [i, bytes] of failing.entries()) {
        const wrong = Buffer.alloc(bytes.byteLength, 1);
        await expect(archive.push(blob(bytes), wrong)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
        const layer = layers[i] ?? Buffer.alloc(0);
        await archive.push(blob(layer), layer);
      }
      await archive.push(image.descriptor, image.bytes);
      // The place of one that failed is used again.
      const retried = failing[1] ?? Buffer.alloc(0);
      await archive.push(blob(retried), retried);
      await archive.tag(image.descriptor, "x");
      await archive.close();
    }
    await using archive = await openOciArchive(path);
    for (const bytes of [...layers, failing[1] ?? Buffer.alloc(0)]) {
      expect(Buffer.from(await (await archive.fetch(blob(bytes))).bytes(4_000_000)).equals(bytes)).toBe(true);
    }
    expect(execFileSync("tar", ["tf", path], { encoding: "utf8" }).trim().split("\n")).toHaveLength(
      3 + 4 + 1 + 1,
    );
  });

  it("is read where it is packed by gzip or zstd", async () => {
    const path = join(dir, "image.tar");
    const image = await simpleArchive(path);
    const bytes = await readFile(path);
    for (const packed of [gzipSync(bytes), zstdCompressSync(bytes)]) {
      await writeFile(join(dir, "packed"), packed);
      await using archive = await openOciArchive(join(dir, "packed"));
      expect(await archive.resolve("x")).toEqual(image.descriptor);
    }
  });

  it("is given up where it is a bomb, and no temporary file is left", async () => {
    const path = join(dir, "image.tar");
    await writeFile(path, zstdCompressSync(Buffer.alloc(20_000_000)));
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith("reg-archive-"));
    const opening = openOciArchive(path, { limits: { outputBytes: 1_000_000 } });
    await expect(opening).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith("reg-archive-"));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });

  it("notices a blob that is not what its name says", async () => {
    const path = join(dir, "image.tar");
    const bytes = randomBytes(3000);
    const image = manifest({ layers: [blob(bytes)] });
    await writeTar(path, [
      ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
      [`./blobs/sha256/${blob(bytes).digest.slice(7)}`, randomBytes(3000)],
      [`blobs/sha256/${image.descriptor.digest.slice(7)}`, Buffer.from(image.bytes)],
      ["index.json", JSON.stringify({ schemaVersion: 2, manifests: [image.descriptor] })],
    ]);
    await using archive = await openOciArchive(path);
    expect(await archive.resolve(image.descriptor.digest)).toEqual(image.descriptor);
    await expect((await archive.fetch(blob(bytes))).bytes(3000)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });

  it("refuses what is no archive, cut short, or has two indexes", async () => {
    const path = join(dir, "image.tar");
    const header = ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'] as const;
    const index = ["index.json", '{"schemaVersion":2,"manifests":[]}'] as const;
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await writeFile(path, randomBytes(4096));
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "INVALID" });
    await writeFile(path, gzipSync(randomBytes(4096)).subarray(0, 2000));
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "INVALID" });
    await writeTar(path, [header]);
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await writeTar(path, [header, index, ["./index.json", '{"schemaVersion":2,"manifests":[]} ']]);
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "INVALID" });
    await writeTar(path, [["oci-layout", '{"imageLayoutVersion":"2.0.0"}'], index]);
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await writeTar(path, [header, ["index.json", '{"schemaVersion":2,"manifests":[{}]}']]);
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "INVALID" });
    await simpleArchive(path);
    await writeFile(path, (await readFile(path)).subarray(0, 1600));
    await expect(openOciArchive(path)).rejects.toMatchObject({ code: "INVALID" });
  });
});

async function simpleArchive(path: string): Promise<ReturnType<typeof manifest>> {
  const image = manifest({ n: 1 });
  await using archive = await openOciArchive(path, { mode: "write" });
  await archive.push(image.descriptor, image.bytes);
  await archive.tag(image.descriptor, "x");
  await archive.close();
  return image;
}

async function writeTar(
  path: string,
  entries: readonly (readonly [string, string | Buffer])[],
): Promise<void> {
  const packer = pack();
  for (const [name, bytes] of entries) packer.entry({ name }, bytes);
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer) chunks.push(Buffer.from(chunk as Uint8Array));
  await writeFile(path, Buffer.concat(chunks));
}
