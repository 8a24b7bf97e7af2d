import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { type ContentSource, copy, parseManifest } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import { blobPath, openDockerArchive, openLayout, openOciArchive, readIndex } from "../src/index.ts";
import { all } from "./content.ts";
import { putImage, tarOf } from "./image.ts";

let dir: string;
let tars: Buffer[];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "peers-"));
  tars = [
    await tarOf([
      [{ name: "etc/", type: "directory", mode: 0o755 }],
      [{ name: "etc/motd", mode: 0o644 }, "hello\n"],
      [{ name: "big" }, randomBytes(300_000)],
    ]),
    await tarOf([[{ name: "etc/.wh.motd" }], [{ name: "etc/hostname" }, "x\n"]]),
  ];
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe.skipIf(!hasPrograms("skopeo"))("skopeo", () => {
  it("copies our layout, byte for byte", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    const image = await putImage(layout, tars, { tag: "1.0" });
    await run("skopeo", "copy", "-q", `oci:${layout.dir}:1.0`, `oci:${join(dir, "theirs")}:2.0`);
    const theirs = await openLayout(join(dir, "theirs"));
    expect((await theirs.resolve("2.0")).digest).toBe(image.descriptor.digest);
    await expectWhole(theirs, "2.0");
  });

  it("writes a layout that we read, and leaves ours readable when it adds to it", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    const image = await putImage(layout, tars, { tag: "1.0" });
    await run("skopeo", "copy", "-q", `oci:${layout.dir}:1.0`, `oci:${layout.dir}:also`);
    expect(await all(layout.tags())).toEqual(["1.0", "also"]);
    expect((await layout.resolve("also")).digest).toBe(image.descriptor.digest);
  });

  it("reads our OCI archive, and we read its", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    const image = await putImage(layout, tars, { tag: "1.0" });
    {
      await using archive = await openOciArchive(join(dir, "ours.tar"), { mode: "write" });
      await copy(layout, "1.0", archive, "1.0");
      await archive.close();
    }
    await run(
      "skopeo",
      "copy",
      "-q",
      `oci-archive:${join(dir, "ours.tar")}:1.0`,
      `oci-archive:${join(dir, "theirs.tar")}:2.0`,
    );
    await using theirs = await openOciArchive(join(dir, "theirs.tar"));
    expect((await theirs.resolve("2.0")).digest).toBe(image.descriptor.digest);
    await expectWhole(theirs, "2.0");
  });

  it("reads our docker archive with several tags, layer for layer", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    await putImage(layout, tars, { tag: "1.0" });
    const path = join(dir, "ours.tar");
    {
      await using archive = await openDockerArchive(path, { mode: "write", repository: "example.com/a/b" });
      const { descriptor } = await copy(layout, "1.0", archive, "1.0");
      await archive.tag(descriptor, "alpine:3.20");
      await archive.close();
    }
    for (const name of ["example.com/a/b:1.0", "docker.io/library/alpine:3.20"]) {
      const theirs = join(dir, name.replaceAll("/", "-").replaceAll(":", "-"));
      await run("skopeo", "copy", "-q", `docker-archive:${path}:${name}`, `oci:${theirs}:x`);
      const manifest = await layersOf(await openLayout(theirs), "x");
      expect(manifest.map(({ bytes }) => gunzipSync(bytes).toString("base64"))).toEqual(
        tars.map((tar) => tar.toString("base64")),
      );
    }
    await using again = await openDockerArchive(path);
    expect((await all(again.tags())).sort()).toEqual(["alpine:3.20", "example.com/a/b:1.0"]);
    expect((await again.resolve("docker.io/library/alpine:3.20")).digest).toBe(
      (await layout.resolve("1.0")).digest,
    );
    await expectWhole(again, "alpine:3.20");
  });

  it("writes a docker archive that we read, layer for layer", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    await putImage(layout, tars, { tag: "1.0" });
    const path = join(dir, "theirs.tar");
    await run(
      "skopeo",
      "copy",
      "-q",
      "--additional-tag",
      "example.com/c:2",
      `oci:${layout.dir}:1.0`,
      `docker-archive:${path}:example.com/c:1`,
    );
    await using theirs = await openDockerArchive(path);
    expect((await all(theirs.tags())).sort()).toEqual(["example.com/c:1", "example.com/c:2"]);
    const layers = await layersOf(theirs, "example.com/c:2");
    expect(layers.map(({ bytes }) => bytes.toString("base64"))).toEqual(
      tars.map((tar) => tar.toString("base64")),
    );
    await expectWhole(theirs, "example.com/c:1");
  });
});

describe.skipIf(!hasPrograms("umoci"))("umoci", () => {
  it("adds to our layout while we keep reading and writing it", async () => {
    const layout = await openLayout(join(dir, "ours"), { create: true });
    const image = await putImage(layout, tars, { tag: "1.0" });
    await run("umoci", "tag", "--image", `${layout.dir}:1.0`, "again");
    expect((await layout.resolve("again")).digest).toBe(image.descriptor.digest);
    await run(
      "umoci",
      "config",
      "--image",
      `${layout.dir}:1.0`,
      "--tag",
      "labelled",
      "--config.label",
      "a=b",
    );
    await expectWhole(layout, "labelled");
    await layout.tag(image.descriptor, "ours");
    expect((await run("umoci", "list", "--layout", layout.dir)).trim().split("\n").sort()).toEqual([
      "1.0",
      "again",
      "labelled",
      "ours",
    ]);
    await run("umoci", "unpack", "--rootless", "--image", `${layout.dir}:ours`, join(dir, "bundle"));
    expect(await readFile(join(dir, "bundle", "rootfs", "etc", "hostname"), "utf8")).toBe("x\n");
    await expect(readFile(join(dir, "bundle", "rootfs", "etc", "motd"))).rejects.toThrow("ENOENT");
  });

  it("makes a layout that we read, and its garbage collection leaves what is ours", async () => {
    await run("umoci", "init", "--layout", join(dir, "theirs"));
    await run("umoci", "new", "--image", `${join(dir, "theirs")}:empty`);
    const layout = await openLayout(join(dir, "theirs"));
    await expectWhole(layout, "empty");
    const image = await putImage(layout, tars, { tag: "1.0" });
    await run("umoci", "gc", "--layout", layout.dir);
    for (const { digest, size } of [image.descriptor, ...image.layers]) {
      expect((await readFile(blobPath(layout.dir, digest))).byteLength).toBe(size);
    }
    expect((await readIndex(layout.dir)).manifests).toHaveLength(2);
  });
});

async function layersOf(source: ContentSource, ref: string): Promise<{ bytes: Buffer }[]> {
  const descriptor = await source.resolve(ref);
  const manifest = parseManifest(
    await (await source.fetch(descriptor)).bytes(4_000_000),
    descriptor.mediaType,
  );
  if (manifest.kind !== "image") throw new Error(manifest.kind);
  return Promise.all(
    manifest.document.layers.map(async (layer) => ({
      bytes: Buffer.from(await (await source.fetch(layer)).bytes(10_000_000)),
    })),
  );
}

/** Everything below a reference is there and verifies as it is read. */
async function expectWhole(source: ContentSource, ref: string): Promise<void> {
  const target = await openLayout(join(dir, `copy-${crypto.randomUUID()}`), { create: true });
  const { descriptor } = await copy(source, ref, target, "x");
  expect(await target.resolve("x")).toMatchObject({ digest: descriptor.digest });
}
