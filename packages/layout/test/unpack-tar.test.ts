import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packFolder, unpackTar } from "../src/index.ts";
import { type LayerEntry, MTIME, tarOf } from "./image.ts";

let dir: string;
let root: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "unpack-"));
  root = join(dir, "a", "root");
  await writeFile(join(dir, "secret"), "secret");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("unpacking", () => {
  it("makes files, folders and links, without owners and special bits", async () => {
    const count = await unpack([
      [{ name: "bin/", type: "directory", mode: 0o1777 }],
      [{ name: "bin/su", mode: 0o6755, uid: 0 }, "#!"],
      [{ name: "./deep/er/file", mode: 0o600 }, "x"],
      [{ name: "deep/link", type: "symlink", linkname: "../bin/su" }],
      [{ name: "hard", type: "link", linkname: "bin/su" }],
      [{ name: "bin/su", mode: 0o640 }, "replaced"],
    ]);
    expect(count).toBe(6);
    expect((await stat(join(root, "hard"))).mode & 0o7777).toBe(0o755);
    expect((await stat(join(root, "bin"))).mode & 0o7000).toBe(0);
    expect((await stat(join(root, "bin/su"))).mtime).toEqual(MTIME);
    expect(await readFile(join(root, "hard"), "utf8")).toBe("#!");
    expect(await readFile(join(root, "deep/link"), "utf8")).toBe("replaced");
    expect(await readlink(join(root, "deep/link"))).toBe("../bin/su");
  });

  const hostile: readonly (readonly [string, readonly LayerEntry[]])[] = [
    ["a name that climbs", [[{ name: "../evil" }, "x"]]],
    ["a name that climbs after a descent", [[{ name: "a/b/../../../evil" }, "x"]]],
    ["an absolute link", [[{ name: "l", type: "symlink", linkname: "/etc/passwd" }]]],
    ["a link that climbs out", [[{ name: "a/l", type: "symlink", linkname: "../../evil" }]]],
    [
      "a file through a link",
      [
        [{ name: "l", type: "symlink", linkname: "sub" }],
        [{ name: "sub/", type: "directory" }],
        [{ name: "l/evil" }, "x"],
      ],
    ],
    [
      "a chain of links, each inside by its letters",
      [
        [{ name: "y", type: "symlink", linkname: "." }],
        [{ name: "x", type: "symlink", linkname: "y/y/y/../../.." }],
        [{ name: "x/evil" }, "x"],
      ],
    ],
    ["a hard link out", [[{ name: "h", type: "link", linkname: "../../secret" }]]],
    [
      "a hard link to a symbolic link",
      [[{ name: "l", type: "symlink", linkname: "x" }], [{ name: "h", type: "link", linkname: "l" }]],
    ],
    ["a character device", [[{ name: "null", type: "character-device", devmajor: 1, devminor: 3 }]]],
    ["a block device", [[{ name: "sda", type: "block-device", devmajor: 8, devminor: 0 }]]],
    ["a pipe", [[{ name: "pipe", type: "fifo" }]]],
  ];
  it.each(hostile)("refuses %s", async (_name, entries) => {
    await expect(unpack(entries)).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(await readdir(dir)).toEqual(["a", "secret"]);
    expect(await readdir(join(dir, "a"))).toEqual(["root"]);
    expect(await readFile(join(dir, "secret"), "utf8")).toBe("secret");
  });

  it("writes through no link that was there before, and into no file by a hard link to it", async () => {
    await mkdir(root, { recursive: true });
    await symlink(dir, join(root, "out"));
    await symlink(join(dir, "secret"), join(root, "file"));
    await writeFile(join(root, "mine"), "mine");
    await expect(unpack([[{ name: "out/evil" }, "x"]])).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    await expect(unpack([[{ name: "h", type: "link", linkname: "mine" }]])).rejects.toMatchObject({
      code: "POLICY_REFUSED",
    });
    // The link itself is replaced; what it led to is not touched.
    await unpack([[{ name: "file" }, "x"]]);
    expect(await readFile(join(dir, "secret"), "utf8")).toBe("secret");
  });

  it("ends a bomb by what it would come to, and by what it comes to for what it is", async () => {
    const zeros = await tarOf([[{ name: "zeros" }, Buffer.alloc(8_000_000)]]);
    for (const packed of [gzipSync(zeros), zstdCompressSync(zeros), zeros]) {
      const bomb = unpackTar(chunksOf(packed), root, { limits: { outputBytes: 4_000_000 } });
      await expect(bomb).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    }
    const large = zstdCompressSync(
      Buffer.concat([await tarOf([[{ name: "zeros" }, Buffer.alloc(300_000_000)]])]),
    );
    await expect(unpackTar(chunksOf(large), root)).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
      message: expect.stringContaining("limits.ratio"),
    });
    const many = await tarOf(Array.from({ length: 50 }, (_, i) => [{ name: `f${i}` }, ""]));
    await expect(unpackTar(chunksOf(many), root, { limits: { entries: 49 } })).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
    });
    const long = await tarOf([[{ name: "x".repeat(3000) }, ""]]);
    await expect(unpackTar(chunksOf(long), root, { limits: { nameCharacters: 2000 } })).rejects.toMatchObject(
      {
        code: "SIZE_EXCEEDED",
      },
    );
  });

  it("refuses what is damaged or cut short", async () => {
    const tar = await tarOf([[{ name: "a" }, "a".repeat(5000)]]);
    for (const bytes of [
      tar.subarray(0, 3000),
      gzipSync(tar).subarray(0, 60),
      Buffer.from("no tar".repeat(200)),
    ]) {
      await expect(unpackTar(chunksOf(bytes), root)).rejects.toMatchObject({ code: "INVALID" });
    }
  });
});

describe("packing a folder", () => {
  it("gives the same bytes for the same files, and what unpacking makes is the same folder", async () => {
    const source = join(dir, "source");
    for (const name of ["b/c", "b/a"]) {
      await mkdir(join(source, name), { recursive: true });
      await writeFile(join(source, name, "file"), name, { mode: 0o640 });
    }
    await symlink("b/a/file", join(source, "link"));
    const pack = async (folder: string): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      for await (const chunk of packFolder(folder, { prefix: "app/x" })) chunks.push(Buffer.from(chunk));
      return Buffer.concat(chunks);
    };
    const first = await pack(source);
    await unpackTar(chunksOf(first), root);
    expect(await readFile(join(root, "app/x/link"), "utf8")).toBe("b/a");
    expect((await pack(join(root, "app", "x"))).equals(first)).toBe(true);
  });
});

async function unpack(entries: readonly LayerEntry[]): Promise<number> {
  return unpackTar(chunksOf(gzipSync(await tarOf(entries))), root);
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
