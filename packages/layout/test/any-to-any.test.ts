import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContentSource, type ContentTarget, copy, memoryStore, repair, verify } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobPath, openDockerArchive, openLayout, openOciArchive } from "../src/index.ts";
import { all, manifest } from "./content.ts";
import { putImage, tarOf } from "./image.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "stores-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

interface Kind {
  readonly name: string;
  readonly tag: string;
  write(path: string, fill: (target: ContentTarget) => Promise<void>): Promise<ContentSource>;
}

const kinds: readonly Kind[] = [
  {
    name: "memory",
    tag: "x",
    async write(_path, fill) {
      const store = memoryStore();
      await fill(store);
      return store;
    },
  },
  {
    name: "a layout",
    tag: "x",
    async write(path, fill) {
      await fill(await openLayout(path, { create: true }));
      return openLayout(path);
    },
  },
  {
    name: "an OCI archive",
    tag: "x",
    async write(path, fill) {
      await using archive = await openOciArchive(path, { mode: "write" });
      await fill(archive);
      await archive.close();
      return openOciArchive(path);
    },
  },
  {
    name: "a docker archive",
    tag: "app:x",
    async write(path, fill) {
      await using archive = await openDockerArchive(path, { mode: "write" });
      await fill(archive);
      await archive.close();
      return openDockerArchive(path);
    },
  },
];

describe("copying", () => {
  const pairs = kinds.flatMap((from) => kinds.map((to) => ({ from, to })));
  it.each(pairs)("from $from.name to $to.name keeps every byte", async ({ from, to }) => {
    const layers = [
      await tarOf([[{ name: "a" }, randomBytes(1_200_000)]]),
      await tarOf([[{ name: "b" }, "b"]]),
    ];
    let digest: string | undefined;
    const source = await from.write(join(dir, "from"), async (target) => {
      digest = (await putImage(target, layers, { tag: from.tag })).descriptor.digest;
    });
    const target = await to.write(join(dir, "to"), async (store) => {
      await copy(source, from.tag, store, to.tag);
    });
    expect((await target.resolve(to.tag)).digest).toBe(digest);
    expect(await verify(target, to.tag)).toMatchObject({ ok: true, faults: [] });
    for (const store of [source, target]) await close(store);
  });

  it.each(kinds.filter(({ name }) => name !== "a docker archive"))(
    "brings signatures along to $name, and finds them there",
    async (kind) => {
      const source = await openLayout(join(dir, "source"), { create: true });
      const image = await putImage(source, [await tarOf([[{ name: "a" }, "a"]])], { tag: "x" });
      const config = Buffer.from("{}");
      const signature = manifest({ subject: image.descriptor, artifactType: "application/signature" });
      const about = manifest({ subject: signature.descriptor, artifactType: "application/note" });
      await source.push(
        { mediaType: "application/vnd.oci.empty.v1+json", digest: configDigest, size: 2 },
        config,
      );
      for (const { descriptor, bytes } of [signature, about]) await source.push(descriptor, bytes);
      const target = await kind.write(join(dir, "target"), async (store) => {
        await copy(source, "x", store, "x", { referrers: true });
      });
      const found = await all(target.referrers?.(image.descriptor) ?? none());
      expect(found.map(({ digest, artifactType }) => [digest, artifactType])).toEqual([
        [signature.descriptor.digest, "application/signature"],
      ]);
      expect(await all(target.referrers?.(signature.descriptor) ?? none())).toHaveLength(1);
      await close(target);
    },
  );
});

describe("a layout", () => {
  it("that was damaged is found out and mended, with what is wrong alone", async () => {
    const source = memoryStore();
    const layers = [
      await tarOf([[{ name: "a" }, randomBytes(1_200_000)]]),
      await tarOf([[{ name: "b" }, randomBytes(5000)]]),
      await tarOf([[{ name: "c" }, "c"]]),
    ];
    const image = await putImage(source, layers, { tag: "x" });
    const layout = await openLayout(join(dir, "layout"), { create: true });
    await copy(source, "x", layout, "x");
    const [wrong, missing] = image.layers;
    if (wrong === undefined || missing === undefined) throw new Error("two layers at least");
    await writeFile(blobPath(layout.dir, wrong.digest), Buffer.alloc(wrong.size, 1));
    await rm(blobPath(layout.dir, missing.digest));
    const faults = (await verify(layout, "x")).faults.map(({ kind, descriptor }) => [
      kind,
      descriptor.digest,
    ]);
    expect(faults.sort()).toEqual(
      [
        ["missing", missing.digest],
        ["wrong", wrong.digest],
      ].sort(),
    );
    await repair(layout, "x", source);
    expect(await verify(await openLayout(layout.dir), "x")).toMatchObject({ ok: true });
    // A copy that looks below manifests that are there mends it just as well: blobs are not believed.
    await writeFile(blobPath(layout.dir, wrong.digest), Buffer.alloc(wrong.size, 1));
    const again = await copy(source, "x", layout, "x", { deep: true });
    expect(again.bytes).toBe(wrong.size);
    expect(await verify(layout, "x")).toMatchObject({ ok: true });
  });
});

/** Of `{}`. */
const configDigest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" as never;

async function close(store: ContentSource): Promise<void> {
  if ("close" in store && typeof store.close === "function") await store.close();
}

async function* none(): AsyncGenerator<never, void, undefined> {}
