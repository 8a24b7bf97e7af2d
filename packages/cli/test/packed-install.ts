import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const packages = fileURLToPath(new URL("../../", import.meta.url));

/** What is published. */
export const packedNames = [
  "reference",
  "content",
  "transport",
  "auth",
  "client",
  "layout",
  "server",
  "sdk",
  "cli",
  "faults",
] as const;

/** Tarballs of all packages, and folders they are installed in; all of it is removed at the end. */
export interface Packed extends AsyncDisposable {
  /** A folder outside the workspace, with these packages and what they bring along. */
  install(...wanted: readonly string[]): Promise<string>;
}

/** Packs every package as it would be published. */
export async function packAll(): Promise<Packed> {
  const folders: string[] = [];
  const emptyFolder = async (): Promise<string> => {
    const folder = await mkdtemp(join(tmpdir(), "reg-packed-"));
    folders.push(folder);
    return folder;
  };
  const tarballs = await emptyFolder();
  for (const name of packedNames)
    await run("pnpm", ["pack", "--pack-destination", tarballs], { cwd: `${packages}${name}` });
  return {
    async install(...wanted) {
      const folder = await emptyFolder();
      await writeFile(join(folder, "package.json"), '{ "private": true, "type": "module" }');
      const files = (await readdir(tarballs)).filter((file) =>
        wanted.some((name) => file.startsWith(`reg-${name}-`)),
      );
      if (files.length !== wanted.length) throw new Error(`${files.join()} are not ${wanted.join()}`);
      const paths = files.map((file) => join(tarballs, file));
      // npm waits five minutes for an answer that does not come before it asks again; this is long enough.
      const flags = ["--no-audit", "--no-fund", "--prefer-offline", "--fetch-timeout=15000"];
      await run("npm", ["install", ...flags, ...paths], { cwd: folder, timeout: 120_000 });
      return folder;
    },
    async [Symbol.asyncDispose]() {
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
}
