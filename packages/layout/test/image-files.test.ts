import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ContentSource,
  digestOf,
  encodeJson,
  MEDIA_TYPES,
  type MemoryStore,
  memoryStore,
} from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ImageFiles, openImage } from "../src/index.ts";
import { tarEntries } from "../src/tar-entries.ts";
import { all } from "./content.ts";
import { type LayerEntry, MTIME, putImage, tarOf } from "./image.ts";

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

describe("an export", () => {
  it("that nobody wants any more ends what it was reading", async () => {
    const store = memoryStore();
    const files: LayerEntry[] = Array.from({ length: 30 }, (_, i) => [
      { name: `f${i}` },
      randomBytes(300_000),
    ]);
    const { layers } = await putImage(store, [await tarOf(files)], { tag: "x" });
    let open = 0;
    const source: ContentSource = {
      ...store,
      async fetch(descriptor, options) {
        const stream = await store.fetch(descriptor, options);
        if (descriptor.digest !== layers[0]?.digest) return stream;
        open += 1;
        async function* slowly(): AsyncGenerator<Uint8Array, void, undefined> {
          try {
            for await (const chunk of stream) {
              for (let at = 0; at < chunk.byteLength; at += 65_536) yield chunk.subarray(at, at + 65_536);
            }
          } finally {
            open -= 1;
          }
        }
        return {
          size: stream.size,
          bytes: stream.bytes,
          discard: stream.discard,
          [Symbol.asyncIterator]: slowly,
        };
      },
    };
    const image = await openImage(source, "x");
    for (const wanted of [1, 500_000, 3_000_000]) {
      let taken = 0;
      for await (const chunk of image.export()) {
        taken += chunk.byteLength;
        if (taken >= wanted) break;
      }
    }
    const content = await image.read("f3");
    for await (const _chunk of content) break;
    await expect.poll(() => open).toBe(0);
  });

  it("whose layer cannot be read again ends with the reason", async () => {
    const store = memoryStore();
    const { layers } = await putImage(store, [await tarOf([[{ name: "a" }, randomBytes(3_000_000)]])], {
      tag: "x",
      packed: "none",
    });
    let reads = 0;
    const source: ContentSource = {
      ...store,
      async fetch(descriptor, options) {
        const stream = await store.fetch(descriptor, options);
        if (descriptor.digest !== layers[0]?.digest) return stream;
        reads += 1;
        if (reads < 2) return stream;
        async function* broken(): AsyncGenerator<Uint8Array, void, undefined> {
          for await (const chunk of stream) {
            yield chunk.subarray(0, 1_000_000);
            throw new TypeError("the disk is gone");
          }
        }
        return {
          size: stream.size,
          bytes: stream.bytes,
          discard: stream.discard,
          [Symbol.asyncIterator]: broken,
        };
      },
    };
    const image = await openImage(source, "x");
    await expect(all(image.export())).rejects.toThrow(new TypeError("the disk is gone"));
    await expect((await image.read("a")).bytes(4_000_000)).rejects.toThrow(new TypeError("the disk is gone"));
  });
});

describe("a layer that ends with its last file", () => {
  it("is taken without its padding, and refused without its end", async () => {
    const whole = await tarOf([[{ name: "a" }, "a".repeat(700)]]);
    for (const [length, code] of [
      [512 + 700, undefined],
      [512 + 699, "INVALID"],
      [512 + 100, "INVALID"],
      [700, "INVALID"],
    ] as const) {
      const store = memoryStore();
      await putImage(store, [whole.subarray(0, length)], { tag: "x" });
      const image = await openImage(store, "x");
      if (code === undefined) expect(await text(image, "a")).toBe("a".repeat(700));
      else await expect(image.read("a")).rejects.toMatchObject({ code });
    }
  });
});

describe("a layer that is a bomb", () => {
  it("is given up at the limit", async () => {
    const store = memoryStore();
    await putImage(
      store,
      [
        await tarOf([
          [{ name: "zeros" }, Buffer.alloc(20_000_000)],
          [{ name: "a" }, "a"],
        ]),
      ],
      {
        tag: "x",
        packed: "zstd",
      },
    );
    const image = await openImage(store, "x", { limits: { outputBytes: 1_000_000 } });
    await expect(image.read("a")).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    await expect(paths(image)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    await expect(exported(image)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    expect(await text(await openImage(store, "x"), "a")).toBe("a");
  });
});

describe("a remote image", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "image-"));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it("is fetched layer by layer from the top, each once, and leaves no files behind", async () => {
    const store = memoryStore();
    const tars = [
      await tarOf([
        [{ name: "etc/base" }, "base"],
        [{ name: "etc/os" }, "1"],
      ]),
      await tarOf([
        [{ name: "etc/middle" }, "middle"],
        [{ name: "alias", type: "symlink", linkname: "etc/top" }],
      ]),
      await tarOf([
        [{ name: "etc/top" }, "top"],
        [{ name: "etc/os" }, "3"],
      ]),
    ];
    const { layers } = await putImage(store, tars, { tag: "x" });
    const fetched: number[] = [];
    const source: ContentSource = {
      ...store,
      remote: true,
      async fetch(descriptor, options) {
        const layer = layers.findIndex(({ digest }) => digest === descriptor.digest);
        if (layer >= 0) fetched.push(layer);
        return store.fetch(descriptor, options);
      },
    };
    {
      await using image = await openImage(source, "x", { temporaryFolder: dir });
      expect(await text(image, "etc/os")).toBe("3");
      expect(fetched).toEqual([2]);
      expect(await text(image, "alias")).toBe("top");
      expect(fetched).toEqual([2, 1]);
      expect(await text(image, "etc/base")).toBe("base");
      await exported(image);
      expect(fetched).toEqual([2, 1, 0]);
      expect(await readdir(dir)).toHaveLength(1);
    }
    expect(await readdir(dir)).toEqual([]);
  });

  it("gives out nothing of a layer that does not verify", async () => {
    const store = memoryStore();
    const { layers } = await putImage(store, [await tarOf([[{ name: "a" }, "a".repeat(5000)]])], {
      tag: "x",
    });
    const other = await putImage(memoryStore(), [await tarOf([[{ name: "a" }, "b".repeat(5000)]])]);
    expect(other.layers).toHaveLength(1);
    for (const remote of [true, undefined]) {
      const source: ContentSource = {
        ...store,
        remote,
        async fetch(descriptor, options) {
          if (descriptor.digest !== layers[0]?.digest) return store.fetch(descriptor, options);
          const wrong = Buffer.from(await (await store.fetch(descriptor)).bytes(100_000));
          wrong[20] = (wrong[20] ?? 0) ^ 1;
          const bad = memoryStore();
          const place = { ...descriptor, digest: digestOf(wrong) };
          await bad.push(place, wrong);
          const stream = await bad.fetch(place);
          return options?.verify === false ? stream : verified(stream, descriptor.digest);
        },
      };
      await using image = await openImage(source, "x", { temporaryFolder: dir });
      await expect(image.read("a")).rejects.toMatchObject({
        code: expect.stringMatching(/DIGEST_MISMATCH|INVALID/),
      });
    }
  });
});

describe("opening an image", () => {
  it("picks the platform that was asked for, and says what there is", async () => {
    const store = memoryStore();
    const make = async (architecture: string): Promise<object> => {
      const { descriptor } = await putImage(store, [await tarOf([[{ name: "arch" }, architecture]])], {
        config: { architecture },
      });
      return { ...descriptor, platform: { os: "linux", architecture } };
    };
    const index = encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [await make("arm64"), await make("s390x")],
    });
    const descriptor = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(index), size: index.byteLength };
    await store.push(descriptor, index);
    await store.tag(descriptor, "x");
    const image = await openImage(store, "x", { platform: { os: "linux", architecture: "s390x" } });
    expect(await text(image, "arch")).toBe("s390x");
    await expect(
      openImage(store, "x", { platform: { os: "linux", architecture: "riscv64" } }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("linux/arm64, linux/s390x"),
    });
  });
});

async function open(layers: readonly (readonly LayerEntry[])[]): Promise<ImageFiles> {
  const store: MemoryStore = memoryStore();
  await putImage(store, await Promise.all(layers.map(tarOf)), { tag: "x" });
  return openImage(store, "x");
}

async function paths(image: ImageFiles): Promise<string[]> {
  return (await all(image.list("/", { recursive: true }))).map(({ path }) => path);
}

async function text(image: ImageFiles, path: string): Promise<string> {
  return new TextDecoder().decode(await (await image.read(path)).bytes(100_000));
}

/** What the exported tar has: folders, links, and the content of files. */
async function exported(image: ImageFiles): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { entry, content } of tarEntries(image.export())) {
    const bytes = Buffer.concat((await all(content())).map((chunk) => Buffer.from(chunk)));
    found[entry.name] =
      entry.type === "file" ? bytes.toString() : [entry.type, entry.linkname].filter(Boolean).join(" ");
  }
  return found;
}

async function entries(image: ImageFiles): Promise<import("../src/tar-entries.ts").TarEntry[]> {
  const found = [];
  for await (const { entry } of tarEntries(image.export())) found.push(entry);
  return found;
}

function verified(
  stream: Awaited<ReturnType<ContentSource["fetch"]>>,
  digest: string,
): Awaited<ReturnType<ContentSource["fetch"]>> {
  return {
    size: stream.size,
    bytes: (limit) => stream.bytes(limit),
    discard: () => stream.discard(),
    async *[Symbol.asyncIterator]() {
      yield* stream;
      throw Object.assign(new Error(`not ${digest}`), { code: "DIGEST_MISMATCH" });
    },
  };
}
