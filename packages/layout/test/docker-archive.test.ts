import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { copy, digestOf, encodeJson, MEDIA_TYPES, memoryStore, parseManifest } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fullDockerName, parseDockerName, shortDockerName } from "../src/docker-name.ts";
import { openDockerArchive, openImage } from "../src/index.ts";
import { all } from "./content.ts";
import { type LayerEntry, putImage, tarOf } from "./image.ts";

let dir: string;
let path: string;
const none = Buffer.alloc(0);

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "docker-"));
  path = join(dir, "image.tar");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a docker archive", () => {
  it("holds several images under several tags, and gives back the bytes it was given", async () => {
    const store = memoryStore();
    const base = await tarOf([[{ name: "base" }, randomBytes(700_000)]]);
    const one = await putImage(store, [base, await tarOf([[{ name: "one" }, "1"]])], { tag: "one" });
    const two = await putImage(store, [base, await tarOf([[{ name: "two" }, "2"]])], {
      tag: "two",
      config: { author: "x" },
    });
    {
      await using archive = await openDockerArchive(path, {
        mode: "write",
        repository: "docker.io/library/app",
      });
      await copy(store, "one", archive, ["1", "latest"]);
      await copy(store, "two", archive, "registry.example:5000/team/app:2");
      await archive.close();
    }
    await using archive = await openDockerArchive(path);
    expect((await all(archive.tags())).sort()).toEqual([
      "app:1",
      "app:latest",
      "registry.example:5000/team/app:2",
    ]);
    expect((await archive.resolve("app:1")).digest).toBe(one.descriptor.digest);
    expect((await archive.resolve("docker.io/library/app:latest")).digest).toBe(one.descriptor.digest);
    expect((await archive.resolve("registry.example:5000/team/app:2")).digest).toBe(two.descriptor.digest);
    const back = memoryStore();
    await copy(archive, "app:1", back, "x");
    expect(await back.resolve("x")).toEqual(one.descriptor);
    const list = JSON.parse(execFileSync("tar", ["xOf", path, "manifest.json"], { encoding: "utf8" }));
    expect(list).toHaveLength(2);
    expect(list[0].RepoTags.sort()).toEqual(["app:1", "app:latest"]);
    expect(list[0].Layers).toEqual(one.layers.map(({ digest }) => `blobs/sha256/${digest.slice(7)}`));
    const index = JSON.parse(execFileSync("tar", ["xOf", path, "index.json"], { encoding: "utf8" }));
    expect(index.manifests[0].annotations).toEqual({
      "io.containerd.image.name": "docker.io/library/app:1",
      "org.opencontainers.image.ref.name": "1",
    });
  });

  it("is read in the form of older versions, with layers that are links, packed, or shared", async () => {
    const tars = [
      await tarOf([[{ name: "a" }, "a"]]),
      await tarOf([[{ name: "b" }, "b"]]),
      await tarOf([[{ name: "c" }, "c"]]),
    ];
    const packed = gzipSync(tars[2] ?? none);
    const config = encodeJson({
      architecture: "amd64",
      os: "linux",
      rootfs: { type: "layers", diff_ids: [...tars, tars[0] ?? none].map((tar) => digestOf(tar)) },
    });
    const list = [
      {
        Config: "abc.json",
        RepoTags: ["app:1", "other:2"],
        Layers: ["1/layer.tar", "2/layer.tar", "3/layer.tar", "4/layer.tar"],
      },
    ];
    const entries: LayerEntry[] = [
      [{ name: "1/layer.tar" }, tars[0] ?? none],
      [{ name: "2/layer.tar" }, tars[1] ?? none],
      [{ name: "3/layer.tar" }, packed],
      [{ name: "4/layer.tar", type: "symlink", linkname: "../1/layer.tar" }],
      [{ name: "abc.json" }, config],
      [{ name: "manifest.json" }, JSON.stringify(list)],
    ];
    for (const archiveBytes of [await tarOf(entries), gzipSync(await tarOf(entries))]) {
      await writeFile(path, archiveBytes);
      await using archive = await openDockerArchive(path);
      const { descriptor, bytes } = await archive.fetchManifest("other:2");
      const manifest = parseManifest(bytes, descriptor.mediaType);
      if (manifest.kind !== "image") throw new Error(manifest.kind);
      expect(manifest.document.config.digest).toBe(digestOf(config));
      expect(manifest.document.layers.map(({ mediaType, digest }) => [mediaType, digest])).toEqual([
        [MEDIA_TYPES.dockerLayer, digestOf(tars[0] ?? none)],
        [MEDIA_TYPES.dockerLayer, digestOf(tars[1] ?? none)],
        [MEDIA_TYPES.dockerLayerGzip, digestOf(packed)],
        [MEDIA_TYPES.dockerLayer, digestOf(tars[0] ?? none)],
      ]);
      await copy(archive, "app:1", memoryStore(), "x");
      await using image = await openImage(archive, "app:1");
      expect((await all(image.list())).map((each) => each.path)).toEqual(["/a", "/b", "/c"]);
    }
    await using archive = await openDockerArchive(path, { format: "oci" });
    expect((await archive.resolve("app:1")).mediaType).toBe(MEDIA_TYPES.ociManifest);
  });

  it("has no index, and no tag without a repository", async () => {
    const store = memoryStore();
    const image = await putImage(store, [await tarOf([[{ name: "a" }, "a"]])], { tag: "x" });
    const index = encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [image.descriptor],
    });
    const descriptor = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(index), size: index.byteLength };
    await using archive = await openDockerArchive(path, { mode: "write" });
    await expect(archive.push(descriptor, index)).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await archive.push(image.descriptor, image.bytes);
    for (const ref of ["latest", "app", "app:", ":x", "app@sha256:abc", "a b:c"]) {
      await expect(archive.tag(image.descriptor, ref)).rejects.toMatchObject({ code: "INVALID" });
    }
    // Its layers never came.
    await archive.tag(image.descriptor, "app:1");
    await expect(archive.close()).rejects.toMatchObject({ code: "INVALID" });
    expect(await readdir(dir)).toEqual([]);
  });

  it("is refused where it contradicts itself", async () => {
    const layer = await tarOf([[{ name: "a" }, "a"]]);
    const config = (diffIds: string[]): string =>
      JSON.stringify({ rootfs: { type: "layers", diff_ids: diffIds } });
    const list = (layers: string[], name = "c.json"): string =>
      JSON.stringify([{ Config: name, RepoTags: ["a:1"], Layers: layers }]);
    const bad: (readonly [string, string, string])[] = [
      ["INVALID", list(["l.tar"]), config([])],
      ["INVALID", list(["../../etc/passwd"]), config([digestOf(layer)])],
      ["NOT_FOUND", list(["l.tar"], "d.json"), config([digestOf(layer)])],
      ["INVALID", "{}", config([])],
      ["INVALID", '[{"Config":1}]', config([])],
      ["INVALID", '[{"Config":"c.json","Layers":[1]}]', config([])],
    ];
    for (const [code, manifest, configuration] of bad) {
      await writeFile(
        path,
        await tarOf([
          [{ name: "l.tar" }, layer],
          [{ name: "c.json" }, configuration],
          [{ name: "manifest.json" }, manifest],
        ]),
      );
      await expect(openDockerArchive(path)).rejects.toMatchObject({ code });
    }
    // A layer that is not what the configuration says is found out as it is read.
    await writeFile(
      path,
      await tarOf([
        [{ name: "l.tar" }, layer],
        [{ name: "c.json" }, config([digestOf(Buffer.from("x"))])],
        [{ name: "manifest.json" }, list(["l.tar"])],
      ]),
    );
    await using archive = await openDockerArchive(path);
    await expect(copy(archive, "a:1", memoryStore(), "x")).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  });
});

describe("a docker name", () => {
  it.each([
    ["alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["me/app:1", "docker.io/me/app:1", "me/app:1"],
    ["docker.io/alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["index.docker.io/library/alpine:3", "docker.io/library/alpine:3", "alpine:3"],
    ["localhost/app:1", "localhost/app:1", "localhost/app:1"],
    ["localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"],
    ["ghcr.io/a/b:c", "ghcr.io/a/b:c", "ghcr.io/a/b:c"],
  ])("%s is %s in full", (ref, full, short) => {
    const name = parseDockerName(ref);
    expect(fullDockerName(name)).toBe(full);
    expect(shortDockerName(name)).toBe(short);
    expect(fullDockerName(parseDockerName(short))).toBe(full);
  });
});
