import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openLayout, readIndex } from "../src/index.ts";
import { child } from "./child.ts";
import { all, blob, manifest } from "./content.ts";
import { killTrial, prepareSource, randomMoment } from "./kill-rig.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "durability-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe("killed at random moments", () => {
  it("leaves no false blob and a readable index, and the next run fetches what is missing only", async () => {
    const source = await prepareSource(join(dir, "source"));
    const trials = [];
    for (let round = 0; round < 5; round += 1) {
      trials.push(
        ...(await Promise.all(
          [0, 1, 2, 3].map((n) => killTrial(source, join(dir, `target-${round}-${n}`), randomMoment())),
        )),
      );
    }
    expect(trials.flatMap(({ problems }) => problems)).toEqual([]);
    const total = Math.max(...trials.map(({ whole, partial, fetched }) => whole + partial + fetched));
    for (const { whole, partial, fetched } of trials) expect(whole + partial + fetched).toBe(total);
    expect(trials.some(({ killed, partial }) => killed && partial > 0)).toBe(true);
  }, 60_000);
});

describe("the disk", () => {
  it("is waited for, unless the caller does not care for that", async () => {
    const content = join(dir, "content");
    await writeFile(content, randomBytes(3_000_000));
    const count = async (durable: boolean): Promise<number> => {
      const program = new URL("./children/count-syncs.ts", import.meta.url);
      const target = await mkdtemp(join(dir, "synced-"));
      const { output } = await child(program, [target, content, String(durable)]).ended;
      return JSON.parse(output).syncs;
    };
    // The blob, the manifest, the index and their folders; the archive once, and its folder.
    expect(await count(true)).toBeGreaterThanOrEqual(8);
    expect(await count(false)).toBe(0);
  });
});

describe("several processes", () => {
  it("write one layout at once, and every reference is there", async () => {
    const layout = join(dir, "layout");
    const children = Array.from({ length: 8 }, (_, n) =>
      child(new URL("./children/write-many.ts", import.meta.url), [layout, `p${n}`, "12"]),
    );
    for (const { ended } of children) await ended;
    const opened = await openLayout(layout);
    const tags = await all(opened.tags());
    expect(tags).toHaveLength(8 * 12);
    for (const tag of tags) expect(await opened.exists(await opened.resolve(tag))).toBe(true);
    expect(await opened.exists(blob(Buffer.alloc(2_500_000, "shared")))).toBe(true);
    expect(await readdir(join(layout, ".incoming"))).toEqual([]);
  }, 60_000);
});

describe("a disk that refuses", () => {
  const small = "a file system of 3 MiB";
  const mountable =
    process.getuid?.() === 0 &&
    spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).status === 0;

  it("is reported where it is full, with nothing left of the blob and the old index intact", async (context) => {
    if (!mountable) context.skip(`needs the right to mount ${small}`);
    const path = join(dir, "small");
    await mkdir(path);
    mount("-t", "tmpfs", "-o", "size=3m", "none", path);
    try {
      const layout = await openLayout(path, { create: true });
      const image = manifest({});
      await layout.pushManifest(image.descriptor, image.bytes, ["x"]);
      const big = randomBytes(5_000_000);
      await expect(layout.push(blob(big), big)).rejects.toMatchObject({
        code: "STORAGE",
        cause: { code: "ENOSPC" },
      });
      expect(await readdir(join(path, ".incoming"))).toEqual([]);
      const small = randomBytes(2_900_000);
      await layout.push(blob(small), small);
      await writeFile(join(path, "filler"), "").catch(() => {});
      const tags = Array.from({ length: 4000 }, (_, i) => `${"t".repeat(100)}${i}`);
      await expect(layout.pushManifest(image.descriptor, image.bytes, tags)).rejects.toMatchObject({
        code: "STORAGE",
      });
      expect((await readIndex(path)).manifests).toHaveLength(1);
      expect((await readdir(path)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
      // And read-only: nothing can be written, everything can be read.
      mount("-o", "remount,ro", path);
      await expect(layout.push(blob(big), big)).rejects.toMatchObject({
        code: "STORAGE",
        cause: { code: "EROFS" },
      });
      await expect(layout.tag(image.descriptor, "y")).rejects.toMatchObject({ code: "STORAGE" });
      const again = await openLayout(path);
      expect(await again.exists(blob(small))).toBe(true);
      expect(await all(again.tags())).toEqual(["x"]);
    } finally {
      spawnSync("umount", [path]);
    }
  });

  it("is reported where a file would become too large", async () => {
    const path = join(dir, "layout");
    const layout = await openLayout(path, { create: true });
    const image = manifest({});
    await layout.pushManifest(image.descriptor, image.bytes, ["x"]);
    const before = await readFile(join(path, "index.json"), "utf8");
    await writeFile(join(dir, "big"), randomBytes(4_000_000));
    const pushing = child(
      new URL("./children/push-file.ts", import.meta.url),
      [path, join(dir, "big")],
      "ulimit -f 2048",
    );
    expect((await pushing.ended).output).toMatch(/^STORAGE: .*larger than the system allows/);
    expect(await readdir(join(path, ".incoming"))).toEqual([]);
    expect(await readFile(join(path, "index.json"), "utf8")).toBe(before);
  });
});

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync("mount", [...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}
