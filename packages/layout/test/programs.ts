import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe } from "vitest";

const run = promisify(execFile);

/** Runs a program of the system and gives its output; rejects with what it said where it fails. */
export async function program(name: string, ...args: readonly string[]): Promise<string> {
  return (await run(name, [...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 })).stdout;
}

/** A group of tests that need programs: skipped visibly where one is missing, or failing where they are required. */
export function describeWith(programs: readonly string[], name: string, tests: () => void): void {
  const missing = programs.filter((each) => spawnSync(each, ["--version"]).error !== undefined);
  if (missing.length > 0 && process.env["REG_INTEROP"] === "required") {
    throw new Error(`${missing.join(", ")} must be installed.`);
  }
  describe.skipIf(missing.length > 0)(
    missing.length > 0 ? `${name} (without ${missing.join(", ")})` : name,
    tests,
  );
}
