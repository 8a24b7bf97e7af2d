import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/**
 * Whether the programs a test needs are here. Where they are missing the test is skipped, visibly; with
 * `REG_INTEROP=required` it runs and fails.
 */
export function hasPrograms(...names: readonly string[]): boolean {
  if (process.env["REG_INTEROP"] === "required") return true;
  return names.every((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status === 0);
}

/**
 * Runs a program and fails with what it said. Never synchronously: the registry it talks to may be in this process.
 */
export async function must(program: string, words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...words], { encoding: "utf8", timeout: 60_000 });
  return stdout;
}
