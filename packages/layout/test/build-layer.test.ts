import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { appendLayers, type ContentBody, copy, digestOf, MEDIA_TYPES } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { buildLayer, openImage, openLayout } from "../src/index.ts";
import { putImage, tarOf } from "./image.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "layer-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("building a layer", () => {
  it("packs a tar and knows both of its digests, and the same tar gives the same layer", async () => {
    const tar = await tarOf([
      [{ name: "a" }, randomBytes(1_500_000)],
      [{ name: "b" }, "b".repeat(100_000)],
    ]);
    await writeFile(join(dir, "layer.tar"), tar);
    const unpack = { gzip: gunzipSync, zstd: zstdDecompressSync, none: (bytes: Buffer) => bytes };
    for (const compression of ["gzip", "zstd", "none"] as const) {
      const digests = new Set<string>();
      for (const input of [join(dir, "layer.tar"), chunksOf(tar)]) {
        await using layer = await buildLayer(input, { compression, temporaryFolder: dir });
        const bytes = await bytesOf(layer.body);
        expect(layer.diffId).toBe(digestOf(tar));
        expect(layer.descriptor).toMatchObject({ digest: digestOf(bytes), size: bytes.byteLength });
        expect(Buffer.from(unpack[compression](bytes)).equals(tar)).toBe(true);
        digests.add(layer.descriptor.digest);
      }
      expect(digests.size).toBe(1);
    }
    expect(await readdir(dir)).toEqual(["layer.tar"]);
  });

  it("keeps a tar that comes packed as it is", async () => {
    const tar = await tarOf([[{ name: "a" }, randomBytes(400_000)]]);
    for (const [packed, type] of [
      [gzipSync(tar, { level: 1 }), MEDIA_TYPES.ociLayerGzip],
      [
        Buffer.concat([gzipSync(tar.subarray(0, 70_000)), gzipSync(tar.subarray(70_000))]),
        MEDIA_TYPES.ociLayerGzip,
      ],
      [zstdCompressSync(tar), MEDIA_TYPES.ociLayerZstd],
      [
        Buffer.concat([zstdCompressSync(tar.subarray(0, 70_000)), zstdCompressSync(tar.subarray(70_000))]),
        MEDIA_TYPES.ociLayerZstd,
      ],
    ] as const) {
      await using layer = await buildLayer(chunksOf(packed), { temporaryFolder: dir });
      expect(layer.descriptor).toEqual({
        mediaType: type,
        digest: digestOf(packed),
        size: packed.byteLength,
      });
      expect(layer.diffId).toBe(digestOf(tar));
      expect((await bytesOf(layer.body)).equals(packed)).toBe(true);
    }
  });

  it("refuses what is no tar, damaged or cut short, and leaves nothing", async () => {
    const tar = await tarOf([[{ name: "a" }, randomBytes(400_000)]]);
    const bad = [
      Buffer.alloc(0),
      Buffer.from("hello"),
      randomBytes(5000),
      tar.subarray(0, 100_000),
      gzipSync(tar).subarray(0, 100_000),
      gzipSync(randomBytes(5000)),
    ];
    for (const bytes of bad) {
      await expect(buildLayer(chunksOf(bytes), { temporaryFolder: dir })).rejects.toMatchObject({
        code: "INVALID",
      });
    }
    const zeros = gzipSync(await tarOf([[{ name: "a" }, Buffer.alloc(3_000_000)]]));
    const limits = { outputBytes: 1_000_000 };
    await expect(buildLayer(chunksOf(zeros), { temporaryFolder: dir, limits })).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
    });
    await expect(buildLayer(join(dir, "none"), { temporaryFolder: dir })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it("goes on top of an image in a layout", async () => {
    const layout = await openLayout(join(dir, "layout"), { create: true });
    await putImage(layout, [await tarOf([[{ name: "base" }, "base"]])], { tag: "base" });
    await using layer = await buildLayer(
      chunksOf(await tarOf([[{ name: "top" }, "top"], [{ name: ".wh.base" }]])),
    );
    const made = await appendLayers(layout, "base", [layer]);
    await copy(made.source, made.descriptor.digest, layout, "new");
    await using image = await openImage(layout, "new");
    const names = [];
    for await (const { path } of image.list()) names.push(path);
    expect(names).toEqual(["/top"]);
  });
});

async function bytesOf(body: ContentBody): Promise<Buffer> {
  if (body instanceof Uint8Array) return Buffer.from(body);
  const chunks: Buffer[] = [];
  for await (const chunk of body.open(0)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.byteLength; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
