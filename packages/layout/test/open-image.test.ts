import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContentSource, digestOf, encodeJson, MEDIA_TYPES, memoryStore } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openImage } from "../src/index.ts";
import { all } from "./content.ts";
import { type LayerEntry, putImage, tarOf } from "./image.ts";
import { exported, paths, text } from "./opened-image.ts";

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
