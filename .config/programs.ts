import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

/** No Debian package brings these, so no machine has to have them: their tests run where they are found. */
const UNPACKAGED: ReadonlySet<string> = new Set(["crane", "oras", "regctl", "deno", "bun"]);

/** Servers stand in `sbin`, which is not on everybody's PATH. */
const FOLDERS: readonly string[] = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];

/**
 * The path of the first of these programs that is installed. Where none is, its tests are skipped, visibly, unless
 * `REG_INTEROP=required` says that it must be there.
 */
export function findProgram(...names: readonly string[]): string | undefined {
  const path = names.flatMap((name) => FOLDERS.map((folder) => join(folder, name))).find(isExecutable);
  const required = process.env["REG_INTEROP"] === "required" && !names.every((name) => UNPACKAGED.has(name));
  if (path === undefined && required) throw new Error(`not installed: ${names.join(" or ")}`);
  return path;
}

/** Whether all of these programs are installed; where they are not, the same holds. */
export function hasPrograms(...names: readonly string[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0)
    console.info(`tests are skipped, for these are not installed: ${missing.join(", ")}`);
  return missing.length === 0;
}

/**
 * Runs a program to its end and gives what it printed; rejects with what it said when it fails. Never synchronously:
 * the server it talks to may be in this process.
 */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** A port of the loopback interface that nothing listened on a moment ago, for programs that cannot choose one. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
