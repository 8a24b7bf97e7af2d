import { randomBytes } from "node:crypto";
import { digestOf, memoryStore } from "@reg/content";
import { describe, expect, it } from "vitest";
import { openImage } from "../src/index.ts";
import { all } from "./content.ts";
import { type LayerEntry, MTIME, putImage, tarOf } from "./image.ts";
import { entries, exported, open, paths, text } from "./opened-image.ts";

describe("the file system of an image", () => {
  it("is the layers laid over each other: files replaced, whited out, and folders made opaque", async () => {
    const image = await open([
      [
        [{ name: "./", type: "directory", mode: 0o755 }],
        [{ name: "./etc/", type: "directory", mode: 0o750 }],
        [{ name: "./etc/keep" }, "1"],
        [{ name: "./etc/gone" }, "1"],
        [{ name: "./etc/changed" }, "old"],
        [{ name: "./opaque/", type: "directory" }],
        [{ name: "./opaque/below" }, "1"],
        [{ name: "./opaque/deep/", type: "directory" }],
        [{ name: "./opaque/deep/below" }, "1"],
        [{ name: "./tree/a/b" }, "1"],
      ],
      [
        [{ name: "etc/.wh.gone" }],
        [{ name: "etc/changed" }, "new"],
        // Before the mark and after it: what its own layer has stays.
        [{ name: "opaque/before" }, "2"],
        [{ name: "opaque/.wh..wh..opq" }],
        [{ name: "opaque/after" }, "2"],
        [{ name: ".wh.tree" }],
        [{ name: ".wh..wh.plnk" }],
        [{ name: ".wh.nothing" }],
      ],
    ]);
    expect(await paths(image)).toEqual([
      "/etc",
      "/etc/changed",
      "/etc/keep",
      "/opaque",
      "/opaque/after",
      "/opaque/before",
    ]);
    expect(await exported(image)).toEqual({
      "etc/": "directory",
      "opaque/": "directory",
      "etc/changed": "new",
      "etc/keep": "1",
      "opaque/after": "2",
      "opaque/before": "2",
    });
    expect(await text(image, "/etc/changed")).toBe("new");
    for (const gone of ["etc/gone", "opaque/below", "opaque/deep/below", "tree/a/b", "never"]) {
      await expect(image.read(gone)).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  it("brings back what one layer hid and the next one has again", async () => {
    const image = await open([
      [[{ name: "dir/", type: "directory" }], [{ name: "dir/a" }, "1"], [{ name: "dir/b" }, "1"]],
      [[{ name: ".wh.dir" }]],
      [[{ name: "dir/", type: "directory", mode: 0o700 }], [{ name: "dir/b" }, "3"]],
    ]);
    expect(await paths(image)).toEqual(["/dir", "/dir/b"]);
    await expect(image.read("dir/a")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await text(image, "dir/b")).toBe("3");
  });

  it("replaces a folder by a file, a file by a folder, and a link by a folder", async () => {
    const image = await open([
      [
        [{ name: "a/", type: "directory" }],
        [{ name: "a/x" }, "1"],
        [{ name: "b" }, "1"],
        [{ name: "real/", type: "directory" }],
        [{ name: "real/y" }, "1"],
        [{ name: "c", type: "symlink", linkname: "real" }],
      ],
      [
        [{ name: "a" }, "2"],
        [{ name: "b/", type: "directory" }],
        [{ name: "b/x" }, "2"],
        [{ name: "c/", type: "directory" }],
        [{ name: "c/z" }, "2"],
      ],
    ]);
    expect(await paths(image)).toEqual(["/a", "/b", "/b/x", "/c", "/c/z", "/real", "/real/y"]);
    await expect(image.read("c/y")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(image.read("a/x")).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await text(image, "c/z")).toBe("2");
  });

  it("keeps hard links to what they led to, also where an upper layer has another file of that name", async () => {
    const image = await open([
      [[{ name: "a" }, "old"], [{ name: "b", type: "link", linkname: "a" }], [{ name: "c" }, "c"]],
      [[{ name: "d", type: "link", linkname: "/c" }], [{ name: "a" }, "new"]],
      [[{ name: ".wh.c" }], [{ name: "e", type: "link", linkname: "./b" }]],
    ]);
    expect(await exported(image)).toEqual({ a: "new", b: "old", d: "c", e: "link b" });
    for (const [path, content] of [
      ["a", "new"],
      ["b", "old"],
      ["d", "c"],
      ["e", "old"],
    ] as const) {
      expect(await text(image, path)).toBe(content);
    }
    expect((await all(image.list("/e")))[0]).toMatchObject({ path: "/e", type: "file", size: 3 });
  });

  it("puts files that go through a symbolic link where the link leads, and never out of the root", async () => {
    const image = await open([
      [
        [{ name: "usr/lib/", type: "directory" }],
        [{ name: "lib", type: "symlink", linkname: "usr/lib" }],
        [{ name: "abs", type: "symlink", linkname: "/usr" }],
        [{ name: "out", type: "symlink", linkname: "../../../../etc" }],
        [{ name: "usr/lib/os" }, "os"],
        [{ name: "os-release", type: "symlink", linkname: "abs/lib/os" }],
      ],
      [
        [{ name: "lib/x" }, "x"],
        [{ name: "abs/y" }, "y"],
        [{ name: "out/passwd" }, "root"],
      ],
    ]);
    expect(await exported(image)).toEqual({
      "etc/": "directory",
      "usr/": "directory",
      "usr/lib/": "directory",
      lib: "symlink usr/lib",
      abs: "symlink /usr",
      out: "symlink ../../../../etc",
      "os-release": "symlink abs/lib/os",
      "usr/lib/os": "os",
      "usr/lib/x": "x",
      "usr/y": "y",
      "etc/passwd": "root",
    });
    for (const [path, content] of [
      ["os-release", "os"],
      ["lib/x", "x"],
      ["usr/lib/x", "x"],
      ["abs/lib/os", "os"],
      ["/etc/passwd", "root"],
    ] as const) {
      expect(await text(image, path)).toBe(content);
    }
    expect((await all(image.list("lib"))).map(({ path }) => path)).toEqual(["/usr/lib/os", "/usr/lib/x"]);
  });

  it("refuses layers whose names or links lead out, or in circles", async () => {
    const hostile: [string, LayerEntry[][]][] = [
      ["POLICY_REFUSED", [[[{ name: "../evil" }, "x"]]]],
      ["POLICY_REFUSED", [[[{ name: "a/../../evil" }, "x"]]]],
      [
        "POLICY_REFUSED",
        [[[{ name: "a" }, "x"], [{ name: "b", type: "link", linkname: "../../etc/passwd" }]]],
      ],
      ["INVALID", [[[{ name: "b", type: "link", linkname: "/etc/passwd" }]]]],
      [
        "INVALID",
        [
          [[{ name: "a", type: "symlink", linkname: "b" }], [{ name: "b", type: "symlink", linkname: "a" }]],
          [[{ name: "a/x" }, "x"]],
        ],
      ],
      ["INVALID", [[[{ name: "a" }, "x"]], [[{ name: "a/b" }, "x"]]]],
    ];
    for (const [code, layers] of hostile) {
      const image = await open(layers);
      await expect(paths(image)).rejects.toMatchObject({ code });
      await expect(exported(image)).rejects.toMatchObject({ code });
    }
    const circle = await open([
      [[{ name: "a", type: "symlink", linkname: "b" }], [{ name: "b", type: "symlink", linkname: "a" }]],
    ]);
    await expect(circle.read("a")).rejects.toMatchObject({ code: "INVALID" });
  });

  it("keeps owners, modes, times, devices and extended attributes", async () => {
    const old = new Date("1960-01-02T03:04:05Z");
    const image = await open([
      [
        [{ name: "sudo", mode: 0o4755, uid: 0, gid: 0 }, "#!"],
        [
          {
            name: "big-id",
            uid: 1_000_000_000,
            gid: 300_000,
            uname: "u",
            gname: "g",
            pax: { uid: "1000000000", gid: "300000" },
          },
          "1",
        ],
        [{ name: "capable", pax: { "SCHILY.xattr.security.capability": "abc" } }, "1"],
        [{ name: "old", mtime: old, pax: { mtime: String(old.getTime() / 1000) } }, "1"],
        [{ name: "exact", pax: { mtime: "1700000000.123456789" } }, "1"],
        [{ name: "null", type: "character-device", devmajor: 1, devminor: 3, mode: 0o666 }],
        [{ name: "pipe", type: "fifo" }],
        [{ name: `${"long/".repeat(50)}name` }, "1"],
        [{ name: "\u00fcmlaut" }, "1"],
        [{ name: "empty" }, ""],
      ],
    ]);
    const found = new Map<string, Awaited<ReturnType<typeof entries>>[number]>();
    for (const entry of await entries(image)) found.set(entry.name, entry);
    expect(found.get("sudo")).toMatchObject({ mode: 0o4755, mtime: MTIME });
    expect(found.get("big-id")).toMatchObject({ uid: 1_000_000_000, gid: 300_000, uname: "u", gname: "g" });
    expect(found.get("capable")?.pax).toEqual({ "SCHILY.xattr.security.capability": "abc" });
    expect(found.get("old")?.mtime).toEqual(old);
    expect(found.get("exact")?.pax).toMatchObject({ mtime: "1700000000.123456789" });
    expect(found.get("null")).toMatchObject({
      type: "character-device",
      devmajor: 1,
      devminor: 3,
      mode: 0o666,
    });
    expect(found.get("pipe")?.type).toBe("fifo");
    expect(found.has(`${"long/".repeat(50)}name`)).toBe(true);
    expect(found.has("\u00fcmlaut")).toBe(true);
    expect((await all(image.list("/sudo")))[0]).toMatchObject({ mode: 0o4755, type: "file", size: 2 });
  });

  it("is the same whatever the layers are packed with, gzip in several members too", async () => {
    const files: LayerEntry[] = Array.from({ length: 40 }, (_, i) => [
      { name: `f${i}` },
      randomBytes(20_000),
    ]);
    const digests = [];
    for (const packed of ["none", "gzip", "zstd"] as const) {
      const store = memoryStore();
      await putImage(store, [await tarOf(files)], { tag: "x", packed });
      const image = await openImage(store, "x");
      digests.push(digestOf(Buffer.concat(await all(image.export()))));
    }
    expect(new Set(digests).size).toBe(1);
  });
});
