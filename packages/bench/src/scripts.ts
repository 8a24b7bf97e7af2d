import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** What measures by itself, with candidates of its own, and prints a table. */
export interface Script {
  readonly name: string;
  readonly what: string;
  readonly path: string;
  readonly args?: readonly string[];
}

export const scripts: readonly Script[] = [
  {
    name: "reference",
    what: "parse references, beside other parsers",
    path: fileURLToPath(import.meta.resolve("./reference.ts")),
  },
  {
    name: "ranges",
    what: "save one large blob over one connection, over as many as the client chooses, and over four",
    path: fileURLToPath(import.meta.resolve("./in-process/ranges.ts")),
    // One round: on a line with a limit, the limit is the figure.
    args: ["1"],
  },
];

/** What a script prints. */
export async function runScript({ path, args = [] }: Script, signal: AbortSignal): Promise<string> {
  const words = ["--conditions=@reg/source", path, ...args];
  const { stdout } = await promisify(execFile)(process.execPath, words, { signal });
  return stdout.trimEnd();
}
