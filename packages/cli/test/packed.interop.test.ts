import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAll, packedNames } from "./packed-install.ts";
import { programs } from "./packed-programs.ts";

const run = promisify(execFile);

/** The oldest Node that the packages name, and the newest of the lines that are kept up. */
const NODES = ["22.19.0", "22", "24", "26"];

let packed: Packed;
let folder = "";

beforeAll(async () => {
  packed = await packAll();
  folder = await packed.install(...packedNames);
  for (const [name, program] of Object.entries(programs)) {
    // Node 22 cannot parse `await using`, which is how the programs close what they open.
    const { code } = await transform(program, { format: "esm", target: "es2022" });
    await writeFile(join(folder, `${name}.mjs`), code);
  }
}, 240_000);

afterAll(() => packed[Symbol.asyncDispose]());

describe.each(NODES)("on Node %s, packed tarballs", (version) => {
  it.each(Object.keys(programs))("run a program that uses @reg/%s", async (name) => {
    expect(await node(version, `node ${name}.mjs`)).toBe("ok");
  });

  it("run the command", async () => {
    const reg = "node node_modules/@reg/cli/dist/main.js";
    expect(await node(version, `${reg} ref parse --json ubuntu`)).toContain('"docker.io/library/ubuntu"');
    expect(await node(version, `${reg} --version && node --version`)).toMatch(
      new RegExp(`^(reg )?\\d+\\.\\d+\\.\\d+\\nv${version.replaceAll(".", "\\.")}\\b`),
    );
  });
});

/** What a command line prints, with that version of Node in front of the path. */
async function node(version: string, command: string): Promise<string> {
  const { stdout } = await run("npx", ["-y", "-p", `node@${version}`, "-c", command], { cwd: folder });
  return stdout.trim();
}
