import { chmod, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { codeFolder, loadScript } from "../src/load-script.ts";

let home = "";
let file = "";
let folder = "";

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "load-script-"));
  file = join(home, "script.cjs");
  folder = join(home, "cache", "code");
  await writeFile(file, "(function (a, b) { function add() { return a + b; } return add(); })");
});

afterEach(() => rm(home, { recursive: true }));

/** Loads and calls the script, and says whether it came with code of an earlier run. */
function loadAndCall(): { readonly sum: unknown; readonly compiled: boolean; readonly keepCode: () => void } {
  const { value, compiled, keepCode } = loadScript(file, folder, "add");
  if (typeof value !== "function") throw new Error("no function");
  return { sum: value(1, 2), compiled, keepCode };
}

it("a script runs with the code that an earlier run kept", () => {
  const first = loadAndCall();
  expect(first).toMatchObject({ sum: 3, compiled: false });
  first.keepCode();
  expect(loadAndCall()).toMatchObject({ sum: 3, compiled: true });
});

it("code is kept for its owner alone, and nothing lies beside it", async () => {
  loadAndCall().keepCode();
  expect(await readdir(folder)).toEqual(["add.code"]);
  expect((await stat(folder)).mode & 0o077).toBe(0);
  expect((await stat(join(folder, "add.code"))).mode & 0o077).toBe(0);
});

it("a script of the same length that was written later does not get the code of the first", async () => {
  loadAndCall().keepCode();
  await writeFile(file, "(function (a, b) { function add() { return a * b; } return add(); })");
  expect(loadAndCall()).toMatchObject({ sum: 2, compiled: false });
});

it("code that others can write to is not run", async () => {
  loadAndCall().keepCode();
  await chmod(join(folder, "add.code"), 0o666);
  expect(loadAndCall()).toMatchObject({ sum: 3, compiled: false });
});

it("code that is cut short, or made for another script, is not run, and is replaced", async () => {
  const path = join(folder, "add.code");
  loadAndCall().keepCode();
  const good = await readFile(path);
  const other = Buffer.from(good);
  other[5] = (other[5] ?? 0) ^ 1;
  for (const bad of [good.subarray(0, good.length / 2), good.subarray(0, 10), Buffer.alloc(0), other]) {
    await writeFile(path, bad);
    const { sum, compiled, keepCode } = loadAndCall();
    expect({ sum, compiled }).toEqual({ sum: 3, compiled: false });
    keepCode();
    expect(loadAndCall().compiled).toBe(true);
  }
});

it("code is written again after a day, and not before", async () => {
  const path = join(folder, "add.code");
  loadAndCall().keepCode();
  const { ino } = await stat(path);
  loadAndCall().keepCode();
  expect((await stat(path)).ino).toBe(ino);
  const yesterday = Date.now() / 1000 - 25 * 60 * 60;
  await utimes(path, yesterday, yesterday);
  loadAndCall().keepCode();
  expect((await stat(path)).mtimeMs / 1000).toBeGreaterThan(yesterday + 60);
});

it("a folder that cannot be made costs nothing but the code", async () => {
  await writeFile(join(home, "cache"), "a file");
  const { sum, keepCode } = loadAndCall();
  expect(sum).toBe(3);
  keepCode();
  expect(await readdir(home)).toEqual(["cache", "script.cjs"]);
});

it("code lies with the user's caches, and where Node is told to keep its own", () => {
  expect(codeFolder({ HOME: "/home/me" })).toBe(join("/home/me", ".cache", "reg", "code"));
  expect(codeFolder({ HOME: "/home/me", XDG_CACHE_HOME: "/caches" })).toBe(join("/caches", "reg", "code"));
  expect(codeFolder({ HOME: "/home/me", NODE_COMPILE_CACHE: "/node" })).toBe(join("/node", "reg"));
  expect(codeFolder({ HOME: "/home/me", NODE_DISABLE_COMPILE_CACHE: "1" })).toBeUndefined();
});
