import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import {
  appendLayers,
  buildIndex,
  type ContentWriter,
  convertImage,
  copy,
  digestOf,
  MEDIA_TYPES,
  memoryStore,
  mutateImage,
  packArtifact,
  parseManifest,
  pullArtifact,
  rebaseImage,
  scratchImage,
  verify,
} from "../src/index.ts";
import { loadDirManifest, loadLayout, saveDir, saveLayout } from "./support/folder.ts";
import { pushImage, randomBytes } from "./support/images.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "content-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const TYPE = "application/vnd.example.greeting";

describe.skipIf(!hasPrograms("regctl"))("regctl", () => {
  it("gets the files of an artifact of ours", async () => {
    const store = memoryStore();
    const body = randomBytes(5000);
    const files = [{ name: "hello.bin", body, mediaType: "application/x-hello" }];
    await packArtifact(store, { artifactType: TYPE, files, annotations: { a: "b" }, ref: "v1" });
    await saveLayout(store, "v1", join(dir, "ours"), "v1");
    await run("regctl", "artifact", "get", `ocidir://${dir}/ours:v1`, "-o", dir);
    expect(new Uint8Array(await readFile(join(dir, "hello.bin")))).toEqual(body);
  });

  it("puts an artifact whose files we pull", async () => {
    await writeFile(join(dir, "a.txt"), "from regctl\n");
    // From inside the folder: the path that is given becomes the title.
    const put = ["regctl", "artifact", "put", "--artifact-type", TYPE, "--file-title", "-f", "a.txt"];
    await run("env", "-C", dir, ...put, `ocidir://${dir}/theirs:v1`);
    const files = new Map<string, string>();
    const folder = {
      writer: async (name: string): Promise<ContentWriter> => {
        const parts: Uint8Array[] = [];
        return {
          offset: 0,
          write: (chunk) => void parts.push(new Uint8Array(chunk)),
          restart: async () => void parts.splice(0),
          commit: async () => void files.set(name, Buffer.concat(parts).toString()),
          abort: async () => {},
        };
      },
    };
    const pulled = await pullArtifact(await loadLayout(join(dir, "theirs")), "v1", folder, {
      artifactType: TYPE,
    });
    expect(pulled.files).toHaveLength(1);
    expect([...files]).toEqual([["a.txt", "from regctl\n"]]);
  });

  it("picks the same image out of an index of ours as we do", async () => {
    const store = memoryStore();
    const platforms = ["linux/amd64/v3", "linux/amd64", "linux/arm/v6", "linux/arm64"];
    for (const [i, platform] of platforms.entries()) {
      await pushImage(store, { tag: `p${i}`, layers: [randomBytes(10, i)] });
      const made = await mutateImage(store, `p${i}`, { platform });
      await copy(made.source, made.descriptor.digest, store, `p${i}`);
    }
    const made = await buildIndex(platforms.map((_, i) => ({ source: store, ref: `p${i}` })));
    await saveLayout(made.source, made.descriptor.digest, join(dir, "ours"), "v1");
    for (const platform of ["linux/amd64", "linux/arm/v7", "linux/arm/v6", "linux/arm64"]) {
      const theirs = await run(
        "regctl",
        "manifest",
        "head",
        "--platform",
        platform,
        `ocidir://${dir}/ours:v1`,
      );
      const ours = await copy(made.source, made.descriptor.digest, memoryStore(), "v1", { platform });
      expect([platform, theirs.trim()]).toEqual([platform, ours.descriptor.digest]);
    }
  });
});

describe.skipIf(!hasPrograms("skopeo"))("skopeo", () => {
  it("makes the same Docker image of an OCI one as we do, and takes ours", async () => {
    const store = memoryStore();
    const tar = new Uint8Array(1024);
    const base = scratchImage({ os: "linux", architecture: "amd64" });
    const layer = { descriptor: describeTar(tar), diffId: digestOf(tar), body: tar };
    const built = await appendLayers(base.source, base.descriptor.digest, [layer]);
    await copy(built.source, built.descriptor.digest, store, "v1");
    await saveLayout(store, "v1", join(dir, "oci"), "v1");
    await run("skopeo", "copy", "-q", "--format", "v2s2", `oci:${dir}/oci:v1`, `dir:${dir}/theirs`);
    const ours = await convertImage(store, "v1", "docker");
    const theirs = parseManifest((await loadDirManifest(join(dir, "theirs"))).bytes);
    const mine = parseManifest(
      await (await ours.source.fetch(ours.descriptor)).bytes(ours.descriptor.size),
      ours.descriptor.mediaType,
    );
    expect(mine.mediaType).toBe(theirs.mediaType);
    expect(mine.kind === "image" && mine.document.config.mediaType).toBe(MEDIA_TYPES.dockerConfig);
    await saveDir(ours.source, ours.descriptor, join(dir, "ours"));
    await run("skopeo", "copy", "-q", `dir:${dir}/ours`, `oci:${dir}/back:v1`);
    expect(await verify(await loadLayout(join(dir, "back")), "v1")).toMatchObject({ ok: true });
  });

  it("reads what we changed, appended and rebased", async () => {
    const store = memoryStore();
    const build = async (tag: string, sizes: readonly number[]): Promise<void> => {
      const base = scratchImage({ os: "linux", architecture: "arm64" });
      const layers = sizes.map((size) => {
        const tar = new Uint8Array(size);
        return {
          descriptor: describeTar(tar),
          diffId: digestOf(tar),
          body: tar,
          history: { created_by: "test" },
        };
      });
      const made = await appendLayers(base.source, base.descriptor.digest, layers);
      await copy(made.source, made.descriptor.digest, store, tag);
    };
    await build("old", [1024]);
    await build("new", [2048, 3072]);
    await build("app", [1024, 4096]);
    const oldBase = { source: store, ref: "old" };
    const rebased = await rebaseImage(store, "app", { source: store, ref: "new" }, { oldBase });
    const labels = { team: "blue" };
    const made = await mutateImage(rebased.source, rebased.descriptor.digest, { labels, env: { A: "b" } });
    await saveLayout(made.source, made.descriptor.digest, join(dir, "ours"), "v1");
    const inspected: unknown = JSON.parse(
      await run("skopeo", "--override-arch", "arm64", "inspect", `oci:${dir}/ours:v1`),
    );
    expect(inspected).toMatchObject({
      Digest: made.descriptor.digest,
      Architecture: "arm64",
      Labels: labels,
      Env: ["A=b"],
      Layers: [2048, 3072, 4096].map((size) => digestOf(new Uint8Array(size))),
    });
  });
});

function describeTar(tar: Uint8Array): {
  mediaType: string;
  digest: ReturnType<typeof digestOf>;
  size: number;
} {
  return { mediaType: MEDIA_TYPES.ociLayer, digest: digestOf(tar), size: tar.byteLength };
}
