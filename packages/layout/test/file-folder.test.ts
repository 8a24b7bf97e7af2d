import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf, memoryStore, packArtifact, pullArtifact } from "@reg/content";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openFolder } from "../src/index.ts";
import { blob } from "./content.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "folder-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a plain folder", () => {
  it("gives the files of an artifact, and takes them back", async () => {
    await mkdir(join(dir, "from", "docs"), { recursive: true });
    await writeFile(join(dir, "from", "a.txt"), "alpha");
    await writeFile(join(dir, "from", "docs", "b.bin"), Buffer.alloc(2_000_000, 3));
    const from = await openFolder(join(dir, "from"));
    const store = memoryStore();
    const files = await Promise.all(
      ["a.txt", "docs/b.bin"].map(async (name) => ({ name, body: await from.body(name) })),
    );
    await packArtifact(store, { artifactType: "application/example", files, ref: "x" });
    const to = await openFolder(join(dir, "to", "new"), { create: true });
    await pullArtifact(store, "x", to);
    expect(await readFile(join(to.dir, "a.txt"), "utf8")).toBe("alpha");
    expect((await to.describe("docs/b.bin")).digest).toBe(digestOf(Buffer.alloc(2_000_000, 3)));
    expect(await readdir(to.dir)).toEqual(["a.txt", "docs"]);
  });

  it("refuses names that lead out, and links that are in the way", async () => {
    const folder = await openFolder(join(dir, "folder"), { create: true });
    await mkdir(join(dir, "outside"));
    await writeFile(join(dir, "outside", "file"), "mine");
    await symlink(join(dir, "outside"), join(folder.dir, "link"));
    await symlink(join(dir, "outside", "file"), join(folder.dir, "file"));
    await mkdir(join(folder.dir, "sub"));
    const bytes = Buffer.from("evil");
    for (const name of [
      "../x",
      "/x",
      "a/../../x",
      "a\0b",
      "",
      "C:\\x",
      "link/x",
      "link/sub/x",
      "file",
      "sub",
      "file/x",
    ]) {
      await expect(folder.writer(name, blob(bytes))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    }
    expect(await readdir(join(dir, "outside"))).toEqual(["file"]);
    expect(await readFile(join(dir, "outside", "file"), "utf8")).toBe("mine");
  });

  it("replaces files, or not, as it is told", async () => {
    const bytes = Buffer.from("new");
    await writeFile(join(dir, "x"), "old");
    const keeping = await openFolder(dir, { overwrite: false });
    await expect(keeping.writer("x", blob(bytes))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    const writer = await (await openFolder(dir)).writer("x", blob(bytes));
    await writer.write(bytes);
    expect(await readFile(join(dir, "x"), "utf8")).toBe("old");
    await writer.commit();
    expect(await readFile(join(dir, "x"), "utf8")).toBe("new");
  });
});
