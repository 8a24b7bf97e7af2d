import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What measures by itself, with candidates of its own, and prints a table. */
export interface Script {
  readonly name: string;
  readonly what: string;
  readonly path: string;
}

export const scripts: readonly Script[] = [
  {
    name: "reference",
    what: "parse references, beside other parsers",
    path: fileURLToPath(import.meta.resolve("./reference.ts")),
  },
];

/** What a script prints. */
export async function runScript({ path }: Script, signal: AbortSignal): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [path], { signal });
  return stdout.trimEnd();
}
