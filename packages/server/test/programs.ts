import { execFile } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/**
 * The path of a program, or `undefined` where it is not installed: its tests are skipped then, visibly, unless
 * `REG_INTEROP=required` says that it must be there.
 */
export function findProgram(...names: readonly string[]): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  for (const name of names) {
    for (const folder of folders) {
      const path = join(folder, name);
      try {
        accessSync(path, constants.X_OK);
        return path;
      } catch {
        // the next place
      }
    }
  }
  if (process.env["REG_INTEROP"] === "required")
    throw new Error(`none of these is installed: ${names.join(", ")}`);
  return undefined;
}

/** The same for a program that no system packages: without it its tests always skip, visibly. */
export function findPeer(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** Runs a program to its end; rejects with what it said when it fails. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}
