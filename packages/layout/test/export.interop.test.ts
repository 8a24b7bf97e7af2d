import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasPrograms, run } from "../../../.config/programs.ts";
import { openImage, openLayout } from "../src/index.ts";
import { type LayerEntry, putImage, tarOf } from "./image.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "export-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe.skipIf(!hasPrograms("umoci", "tar", "find"))("umoci and GNU tar", () => {
  it("make the same folder of our export as of the image itself", async () => {
    const layout = await openLayout(join(dir, "layout"), { create: true });
    const folders = (...names: string[]): LayerEntry[] =>
      names.map((name) => [{ name: `${name}/`, type: "directory", mode: 0o755 }]);
    const layers: LayerEntry[][] = [
      [
        ...folders("bin", "etc", "etc/deep", "usr", "usr/lib", "opaque", "opaque/sub"),
        [{ name: "bin/su", mode: 0o4755 }, "#!"],
        [{ name: "bin/alias", type: "link", linkname: "bin/su" }],
        [{ name: "lib", type: "symlink", linkname: "usr/lib" }],
        [{ name: "etc/gone" }, "1"],
        [{ name: "etc/changed", mode: 0o600 }, "old"],
        [{ name: "etc/deep/file" }, "1"],
        [{ name: "opaque/below" }, "1"],
        [{ name: "opaque/sub/below" }, "1"],
        [{ name: "file-then-folder" }, "1"],
        [{ name: "empty" }, ""],
        [{ name: `${"long-name-".repeat(15)}/${"and-longer-".repeat(15)}` }, "1"],
      ],
      [
        [{ name: "etc/.wh.gone" }],
        [{ name: "etc/changed", mode: 0o640 }, "new"],
        [{ name: ".wh.file-then-folder" }],
        [{ name: "bin/su", mode: 0o755 }, "other"],
      ],
      [
        [{ name: "opaque/.wh..wh..opq" }],
        [{ name: "opaque/new" }, "3"],
        ...folders("file-then-folder"),
        [{ name: "file-then-folder/x" }, "3"],
        [{ name: "lib/through" }, "3"],
      ],
    ];
    await putImage(layout, await Promise.all(layers.map(tarOf)), { tag: "x" });
    await run("umoci", "unpack", "--rootless", "--image", `${layout.dir}:x`, join(dir, "bundle"));
    await using image = await openImage(layout, "x");
    await pipeline(Readable.from(image.export()), createWriteStream(join(dir, "export.tar")));
    await mkdir(join(dir, "ours"));
    await run("tar", "xpf", join(dir, "export.tar"), "-C", join(dir, "ours"));
    const ours = await listing(join(dir, "ours"));
    expect(ours).toEqual(await listing(join(dir, "bundle", "rootfs")));
    expect(ours.length).toBeGreaterThan(15);
    await run("diff", "-r", join(dir, "ours"), join(dir, "bundle", "rootfs"));
  });
});

describe.skipIf(!hasPrograms("umoci"))("umoci insert", () => {
  it("leaves out the end of its tar, and is read all the same", async () => {
    await mkdir(join(dir, "files"));
    await writeFile(join(dir, "files", "hello"), "hello\n");
    const image = `${join(dir, "layout")}:x`;
    await run("umoci", "init", "--layout", join(dir, "layout"));
    await run("umoci", "new", "--image", image);
    await run("umoci", "insert", "--rootless", "--image", image, join(dir, "files"), "/files");
    await using opened = await openImage(await openLayout(join(dir, "layout")), "x");
    expect(new TextDecoder().decode(await (await opened.read("/files/hello")).bytes(100))).toBe("hello\n");
  });
});

/** Names, types, modes, sizes, link counts and targets of everything below a folder. */
async function listing(folder: string): Promise<string[]> {
  // A folder's size and time are the file system's, and the times of files through links are kept by both.
  const format = ["-type", "d", "-printf", "%P d %m\\n", "-o", "-printf", "%P %y %m %s %n %l %T@\\n"];
  return (await run("find", folder, "-mindepth", "1", ...format)).trim().split("\n").sort();
}
