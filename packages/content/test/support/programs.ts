import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe } from "vitest";

const run = promisify(execFile);

/** Runs a program and gives what it printed; its own words are in the error when it fails. */
export async function program(name: string, ...args: readonly string[]): Promise<string> {
  return (await run(name, [...args], { maxBuffer: 16 * 1024 * 1024 })).stdout;
}

/** Tests that need programs; without them they are skipped, unless the environment says that they must run. */
export function describeWith(names: readonly string[], title: string, tests: () => void): void {
  const missing = names.filter((name) => !isThere(name));
  if (missing.some((name) => !UNPACKAGED.has(name)) && process.env["REG_INTEROP"] === "required") {
    throw new Error(`these tests need ${missing.join(", ")}`);
  }
  describe.skipIf(missing.length > 0)(
    missing.length > 0 ? `${title} (no ${missing.join(", ")})` : title,
    tests,
  );
}

/** No system packages these; where they are missing, that is no fault of the machine. */
const UNPACKAGED: ReadonlySet<string> = new Set(["crane", "oras", "regctl"]);

function isThere(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
}
