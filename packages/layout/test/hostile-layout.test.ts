import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { blobPath, type OciLayout, openLayout, readIndex } from "../src/index.ts";
import { all, blob, manifest } from "./content.ts";

let dir: string;
let layout: OciLayout;
const bytes = Buffer.alloc(1_500_000, "b");

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "hostile-"));
  layout = await openLayout(join(dir, "layout"), { create: true });
  await layout.push(blob(bytes), bytes);
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("a layout that somebody else wrote", () => {
  it("has its links and pipes in the place of blobs refused, never followed and never waited for", async () => {
    const path = blobPath(layout.dir, blob(bytes).digest);
    await rename(path, join(dir, "elsewhere"));
    const make = [
      () => symlink(join(dir, "elsewhere"), path),
      () => execFileSync("mkfifo", [path]),
      () => mkdir(path),
    ];
    for (const replace of make) {
      await replace();
      for (const store of [layout, await openLayout(layout.dir)]) {
        await expect(store.fetch(blob(bytes))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
        await expect(store.exists(blob(bytes))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
        await expect(store.push(blob(bytes), bytes)).rejects.toMatchObject({ code: "POLICY_REFUSED" });
        await expect(store.tag(blob(bytes), "x")).rejects.toMatchObject({ code: "POLICY_REFUSED" });
      }
      await rm(path, { recursive: true });
    }
    expect((await readFile(join(dir, "elsewhere"))).equals(bytes)).toBe(true);
  });

  it.each(["blobs", "blobs/sha256", ".incoming"])("has a %s that leads elsewhere refused", async (folder) => {
    await mkdir(join(layout.dir, folder), { recursive: true });
    await rename(join(layout.dir, folder), join(dir, "elsewhere"));
    await symlink(join(dir, "elsewhere"), join(layout.dir, folder));
    const other = Buffer.alloc(2_000_000, "c");
    const pushing = openLayout(layout.dir).then((opened) => opened.push(blob(other), other));
    await expect(pushing).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    if (folder !== ".incoming") {
      const fetching = openLayout(layout.dir).then((opened) => opened.fetch(blob(bytes)));
      await expect(fetching).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    }
  });

  it("has an index of 1 GB refused before it is read", async () => {
    await truncate(join(layout.dir, "index.json"), 1_000_000_000);
    await expect(readIndex(layout.dir)).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
    await expect(layout.resolve("x")).rejects.toMatchObject({ code: "SIZE_EXCEEDED" });
  });

  it("has a linked index or header refused", async () => {
    for (const name of ["index.json", "oci-layout"]) {
      await rename(join(layout.dir, name), join(dir, name));
      await symlink(join(dir, name), join(layout.dir, name));
      const opening = openLayout(layout.dir).then((opened) => opened.resolve("x"));
      await expect(opening).rejects.toMatchObject({ code: "POLICY_REFUSED" });
      await rm(join(layout.dir, name));
      await rename(join(dir, name), join(layout.dir, name));
    }
  });

  it.each([
    "",
    "[]",
    "null",
    '{"schemaVersion":1,"manifests":[]}',
    '{"schemaVersion":2,"manifests":{}}',
    '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../x","size":1}]}',
    '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:aa","size":-1}]}',
    `${"[".repeat(200_000)}`,
  ])("has a wrong index refused: %.60s", async (text) => {
    await writeFile(join(layout.dir, "index.json"), text);
    await expect(layout.resolve("x")).rejects.toMatchObject({ code: "INVALID" });
    await expect(layout.tag(blob(bytes), "x")).rejects.toMatchObject({ code: "INVALID" });
    expect(await readFile(join(layout.dir, "index.json"), "utf8")).toBe(text);
  });

  it("does not make its digests paths", async () => {
    for (const digest of [
      "sha256:../../../../etc/passwd",
      `sha256:${"A".repeat(64)}`,
      "sha256:",
      "md5:abc",
      "../x",
    ]) {
      const descriptor = { ...blob(bytes), digest: digest as never };
      await expect(layout.fetch(descriptor)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID|UNSUPPORTED/),
      });
      await expect(layout.push(descriptor, bytes)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID|UNSUPPORTED/),
      });
    }
  });

  it("has sizes refused that cannot be, before anything is allocated", async () => {
    for (const size of [-1, 1.5, 2 ** 53, Number.NaN]) {
      for (const mediaType of ["application/octet-stream", manifest({}).descriptor.mediaType]) {
        const pushing = layout.writer({ ...blob(bytes), mediaType, size });
        await expect(pushing).rejects.toMatchObject({ code: "INVALID" });
      }
    }
  });

  it("lists no referrers among manifests that are missing or wrong", async () => {
    const image = manifest({});
    const lost = manifest({ subject: image.descriptor, n: 1 });
    const wrong = manifest({ subject: image.descriptor, n: 2 });
    const right = manifest({ subject: image.descriptor, n: 3 });
    for (const { descriptor, bytes: content } of [image, lost, wrong, right])
      await layout.push(descriptor, content);
    await rm(blobPath(layout.dir, lost.descriptor.digest));
    await writeFile(blobPath(layout.dir, wrong.descriptor.digest), "{}");
    const found = await all(layout.referrers(image.descriptor));
    expect(found.map(({ digest }) => digest)).toEqual([right.descriptor.digest]);
  });
});
