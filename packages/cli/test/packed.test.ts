import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { programs } from "./packed-programs.ts";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../", import.meta.url));
const names = [
  "reference",
  "content",
  "transport",
  "auth",
  "client",
  "layout",
  "server",
  "sdk",
  "cli",
] as const;

let tarballs = "";
const folders: string[] = [];

beforeAll(async () => {
  tarballs = await emptyFolder();
  for (const name of names)
    await run("pnpm", ["pack", "--pack-destination", tarballs], { cwd: `${packages}${name}` });
}, 120_000);

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describe("packed tarballs, installed outside the workspace", () => {
  it("run a program that uses each package", async () => {
    const folder = await install(...names);
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
    const folder = await install("reference");
    expect(await installed(folder)).toEqual(["@reg/reference"]);
  }, 60_000);

  it("let the client do without our transport and our auth package", async () => {
    const folder = await install("reference", "content", "client");
    const found = await installed(folder);
    expect(found).toContain("@reg/client");
    for (const swapped of ["@reg/transport", "@reg/auth", "undici"]) expect(found).not.toContain(swapped);
    await writeFile(join(folder, "client.mjs"), programs.client);
    expect((await run(process.execPath, ["client.mjs"], { cwd: folder })).stdout.trim()).toBe("ok");
  }, 60_000);
});

async function emptyFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "reg-packed-"));
  folders.push(folder);
  return folder;
}

async function install(...wanted: readonly string[]): Promise<string> {
  const folder = await emptyFolder();
  await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const files = (await readdir(tarballs)).filter((file) =>
    wanted.some((name) => file.startsWith(`reg-${name}-`)),
  );
  expect(files).toHaveLength(wanted.length);
  await run("npm", ["install", "--no-audit", "--no-fund", ...files.map((file) => join(tarballs, file))], {
    cwd: folder,
  });
  return folder;
}

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
