import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createRegistry, memoryStorage, serve } from "@reg/server";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Packed, packAll, packedNames } from "./packed-install.ts";
import { programs } from "./packed-programs.ts";

const run = promisify(execFile);

let packed: Packed;

beforeAll(async () => {
  packed = await packAll();
}, 120_000);

afterAll(() => packed[Symbol.asyncDispose]());

describe("packed tarballs, installed outside the workspace", () => {
  it("run a program that uses each package", async () => {
    const folder = await packed.install(...packedNames);
    for (const [name, program] of Object.entries(programs)) {
      await writeFile(join(folder, `${name}.mjs`), program);
      const { stdout } = await run(process.execPath, [`${name}.mjs`], { cwd: folder });
      expect(`${name}: ${stdout.trim()}`).toBe(`${name}: ok`);
    }
    const { stdout } = await run(join(folder, "node_modules/.bin/reg"), ["ref", "parse", "ubuntu"], {
      cwd: folder,
    });
    expect(stdout).toContain("docker.io/library/ubuntu");
  }, 180_000);

  it("bring nothing but the reference package when only that is wanted", async () => {
    const folder = await packed.install("reference");
    expect(await installed(folder)).toEqual(["@reg/reference"]);
  }, 60_000);

  it("bring nothing but the command when only that is wanted, and it works", async () => {
    const folder = await packed.install("cli");
    expect(await installed(folder)).toEqual(["@reg/cli"]);
    await using listener = await serve(createRegistry({ storage: memoryStorage() }));
    const reg = join(folder, "node_modules/.bin/reg");
    const image = `localhost:${listener.port}/demo/file:1`;
    await run(reg, ["artifact", "push", image, "package.json", "--artifact-type", "text/plain"], {
      cwd: folder,
    });
    await run(reg, ["pull", image, "oci:layout:1"], { cwd: folder });
    expect((await run(reg, ["verify", "--json", "oci:layout:1"], { cwd: folder })).stdout).toContain(
      '"ok":true',
    );
  }, 60_000);

  it("let the client do without our transport and our auth package", async () => {
    const folder = await packed.install("reference", "content", "client");
    const found = await installed(folder);
    expect(found).toContain("@reg/client");
    for (const swapped of ["@reg/transport", "@reg/auth", "undici"]) expect(found).not.toContain(swapped);
    await writeFile(join(folder, "client.mjs"), programs.client);
    expect((await run(process.execPath, ["client.mjs"], { cwd: folder })).stdout.trim()).toBe("ok");
  }, 60_000);
});

/** Names of the packages in node_modules. */
async function installed(folder: string): Promise<string[]> {
  const modules = join(folder, "node_modules");
  if (!existsSync(modules)) return [];
  const found: string[] = [];
  for (const entry of await readdir(modules)) {
    if (entry.startsWith(".")) continue;
    if (!entry.startsWith("@")) found.push(entry);
    else for (const name of await readdir(join(modules, entry))) found.push(`${entry}/${name}`);
  }
  return found;
}
