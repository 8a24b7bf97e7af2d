import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MEDIA_TYPES } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobPath, fileBody, openLayout, readIndex, removeLayout } from "../src/index.ts";
import { all, blob, manifest } from "./content.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "layout-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a layout folder", () => {
  it("is removed with everything in it, and nothing else that is in the folder", async () => {
    const layout = await openLayout(join(dir, "a"), { create: true });
    await layout[Symbol.asyncDispose]();
    await openLayout(join(dir, "a", "below"), { create: true });
    await writeFile(join(dir, "a", "blobs", "sha256", "x"), "x");
    await writeFile(join(dir, "a", "notes"), "mine");
    await removeLayout(join(dir, "a"));
    const left = (await readdir(join(dir, "a"))).filter((name) => name !== ".index.lock").sort();
    expect(left).toEqual(["below", "notes"]);
    expect((await readIndex(join(dir, "a", "below"))).manifests).toEqual([]);
    await removeLayout(join(dir, "a"));
    await removeLayout(join(dir, "none"));
    expect(await readdir(dir)).toEqual(["a"]);
    await openLayout(join(dir, "a"), { create: true });
    expect((await readIndex(join(dir, "a"))).manifests).toEqual([]);
  });

  it("is made on request, and refused where it is none", async () => {
    await expect(openLayout(join(dir, "none"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    await openLayout(join(dir, "new", "er"), { create: true });
    expect(JSON.parse(await readFile(join(dir, "new", "er", "oci-layout"), "utf8"))).toEqual({
      imageLayoutVersion: "1.0.0",
    });
    expect(await readIndex(join(dir, "new", "er"))).toEqual({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [],
    });
    await openLayout(join(dir, "new", "er"));
  });

  it("is swept of what dead writers left, once nobody comes back for it", async () => {
    const incoming = join(dir, ".incoming");
    await mkdir(incoming);
    const days = { "a.1.partial": 8, "b.2.partial": 6, ".c.tmp": 2, ".d.tmp": 0.5, stranger: 400 };
    for (const [name, age] of Object.entries(days)) {
      const written = new Date(Date.now() - age * 24 * 60 * 60 * 1000);
      await writeFile(join(incoming, name), "x");
      await utimes(join(incoming, name), written, written);
    }
    await writeFile(join(incoming, "e.3.lock"), "");
    for (const name of ["index.json.1.tmp", "mine.tmp"]) {
      await writeFile(join(dir, name), "{");
      await utimes(join(dir, name), 1, 1);
    }
    const layout = await openLayout(dir, { create: true });
    const bytes = Buffer.from("content");
    await layout.push(blob(bytes), bytes);
    expect((await readdir(incoming)).sort()).toEqual([".d.tmp", "b.2.partial", "stranger"]);
    expect((await readdir(dir)).filter((name) => name.endsWith(".tmp"))).toEqual(["mine.tmp"]);
  });

  it("keeps what is pushed, under tags that move", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await layout.push(image.descriptor, image.bytes);
    await layout.tag(image.descriptor, "1.0");
    await layout.tag(image.descriptor, "latest");
    const other = manifest({ n: 2 });
    await layout.pushManifest(other.descriptor, other.bytes, ["latest", "2.0"]);
    expect(await all(layout.tags())).toEqual(["1.0", "latest", "2.0"]);
    expect((await layout.resolve("latest")).digest).toBe(other.descriptor.digest);
    expect((await layout.resolve("1.0")).digest).toBe(image.descriptor.digest);
    expect(await layout.resolve(image.descriptor.digest)).toEqual(image.descriptor);
    const { bytes } = await layout.fetchManifest("2.0");
    expect(Buffer.from(bytes)).toEqual(Buffer.from(other.bytes));
    await layout.untag("2.0");
    await expect(layout.resolve("2.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(layout.untag("2.0")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("resolves a digest that no entry names by reading the manifest", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await layout.push(image.descriptor, image.bytes);
    expect((await readIndex(dir)).manifests).toEqual([]);
    expect(await layout.resolve(image.descriptor.digest)).toEqual(image.descriptor);
    await layout.tag(image.descriptor, image.descriptor.digest);
    expect((await readIndex(dir)).manifests).toEqual([image.descriptor]);
  });

  it("names an image that is not there only after its manifest came", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await expect(layout.tag(image.descriptor, "x")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(
      layout.tag({ ...image.descriptor, digest: "sha256:../../x" as never }, "x"),
    ).rejects.toMatchObject({ code: "INVALID" });
  });

  it("refuses tags that could not be shown or typed", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await layout.push(image.descriptor, image.bytes);
    for (const tag of [
      manifest({ n: 2 }).descriptor.digest,
      "",
      "a b",
      "a\u001b[31m",
      "\u00e9",
      "x".repeat(513),
    ]) {
      await expect(layout.tag(image.descriptor, tag)).rejects.toMatchObject({ code: "INVALID" });
    }
  });

  it("keeps members of index.json and of its entries that it does not know", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await layout.push(image.descriptor, image.bytes);
    const entry = {
      ...image.descriptor,
      annotations: { "org.opencontainers.image.ref.name": "old", other: "x" },
      extra: [1],
    };
    const index = { schemaVersion: 2, manifests: [entry], annotations: { a: "b" }, future: { x: 1 } };
    await writeFile(join(dir, "index.json"), JSON.stringify(index));
    await layout.tag(image.descriptor, "new");
    const after = JSON.parse(await readFile(join(dir, "index.json"), "utf8"));
    expect(after).toMatchObject({ annotations: { a: "b" }, future: { x: 1 } });
    expect(after.manifests[0]).toEqual(entry);
  });

  it("asks for a digest where a tag names several images, and knows the full names docker writes", async () => {
    const layout = await openLayout(dir, { create: true });
    const a = manifest({ n: 1 });
    const b = manifest({ n: 2 });
    for (const { descriptor, bytes } of [a, b]) await layout.push(descriptor, bytes);
    const named = (name: string): Record<string, string> => ({
      "org.opencontainers.image.ref.name": "latest",
      "io.containerd.image.name": name,
    });
    const manifests = [
      { ...a.descriptor, annotations: named("docker.io/library/a:latest") },
      { ...b.descriptor, annotations: named("docker.io/library/b:latest") },
    ];
    await writeFile(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    await expect(layout.resolve("latest")).rejects.toMatchObject({ code: "INVALID" });
    expect((await layout.resolve("docker.io/library/b:latest")).digest).toBe(b.descriptor.digest);
  });

  it("is written to where it has no blobs yet, and no folder for them", async () => {
    const layout = await openLayout(dir, { create: true });
    await rm(join(dir, "blobs"), { recursive: true });
    const bytes = Buffer.alloc(1_500_000, "x");
    for (const store of [layout, await openLayout(dir)]) await store.push(blob(bytes), bytes);
    expect(await layout.exists(blob(bytes))).toBe(true);
  });

  it("refuses content that is not what its digest names, and leaves nothing", async () => {
    const layout = await openLayout(dir, { create: true });
    const big = Buffer.alloc(3_000_000, 7);
    const descriptor = blob(big);
    const wrong = Buffer.alloc(3_000_000, 8);
    await expect(layout.push(descriptor, wrong)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(layout.push(descriptor, Buffer.concat([big, big]))).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    const small = blob(Buffer.from("hello"));
    await expect(layout.push(small, Buffer.from("hellO"))).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(layout.push(small, Buffer.from("hell"))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    expect(await layout.exists(descriptor)).toBe(false);
    expect(await filesBelow(dir)).toEqual([".index.lock", "index.json", "oci-layout"]);
  });

  it("hashes a blob that is there already, and replaces it where it is wrong", async () => {
    const bytes = Buffer.alloc(2_000_000, 1);
    const descriptor = blob(bytes);
    const first = await openLayout(dir, { create: true });
    await first.push(descriptor, bytes);
    await writeFile(blobPath(dir, descriptor.digest), Buffer.alloc(2_000_000, 2));
    // The object that wrote it sees that the file is another one; a new object trusts nothing.
    for (const layout of [first, await openLayout(dir)]) expect(await layout.exists(descriptor)).toBe(false);
    await first.push(descriptor, bytes);
    expect(await first.exists(descriptor)).toBe(true);
    expect((await readFile(blobPath(dir, descriptor.digest))).equals(bytes)).toBe(true);
  });

  it("goes on from what an interrupted writer left", async () => {
    const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, i) => i % 251));
    const descriptor = blob(bytes);
    const layout = await openLayout(dir, { create: true });
    const writer = await layout.writer(descriptor);
    await writer.write(bytes.subarray(0, 1_700_000));
    await writer.abort();
    const asked: number[] = [];
    await (await openLayout(dir)).push(descriptor, {
      size: bytes.byteLength,
      async *open(offset) {
        asked.push(offset);
        yield bytes.subarray(offset);
      },
    });
    expect(asked).toEqual([1_700_000]);
    expect((await readFile(blobPath(dir, descriptor.digest))).equals(bytes)).toBe(true);
    expect(await readdir(join(dir, ".incoming"))).toEqual([]);
  });

  it("lists the manifests about another one, by type", async () => {
    const layout = await openLayout(dir, { create: true });
    const image = manifest({ n: 1 });
    await layout.pushManifest(image.descriptor, image.bytes, ["1"]);
    const sbom = manifest({
      subject: image.descriptor,
      artifactType: "application/sbom",
      annotations: { a: "b" },
    });
    await layout.push(sbom.descriptor, sbom.bytes);
    const signature = manifest({ subject: image.descriptor, artifactType: "application/signature" });
    await layout.push(signature.descriptor, signature.bytes);
    const again = await openLayout(dir);
    expect(await all(again.referrers(image.descriptor))).toEqual([
      { ...sbom.descriptor, artifactType: "application/sbom", annotations: { a: "b" } },
      { ...signature.descriptor, artifactType: "application/signature" },
    ]);
    expect(
      await all(again.referrers(image.descriptor, { artifactType: "application/signature" })),
    ).toHaveLength(1);
    expect(await all(again.referrers(sbom.descriptor))).toEqual([]);
    await again.delete(sbom.descriptor);
    expect(await all(again.referrers(image.descriptor))).toHaveLength(1);
    await expect(again.delete(sbom.descriptor)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("streams a file in order, from any byte, and notices when it has another size", async () => {
    const bytes = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * 7) % 251));
    const descriptor = blob(bytes);
    const layout = await openLayout(dir, { create: true });
    await writeFile(join(dir, "source"), bytes);
    await layout.push(descriptor, await fileBody(join(dir, "source")));
    expect(Buffer.from(await (await layout.fetch(descriptor)).bytes(2_000_000)).equals(bytes)).toBe(true);
    const tail = await (await layout.fetch(descriptor, { offset: 1_400_001 })).bytes(2_000_000);
    expect(Buffer.from(tail).equals(bytes.subarray(1_400_001))).toBe(true);
    await (await layout.fetch(descriptor)).discard();
    await expect(layout.fetch({ ...descriptor, size: 5 })).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
    await expect(layout.fetch(blob(Buffer.from("other")))).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}
