import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { codeFolder, loadScript } from "./load-script.ts";

type Run = typeof import("./run.ts");

/** All that a command needs, and what keeps its compiled code for the next time. */
export interface LoadedRun extends Run {
  keepCode(): void;
}

/**
 * Loads everything behind `main.ts`. Built, that is one script with the code compiled in earlier runs of the same
 * command; in the sources, modules like any other.
 */
export async function loadRun(words: readonly string[]): Promise<LoadedRun> {
  const { filename, dirname } = import.meta;
  if (filename.endsWith(".ts")) return { ...(await import("./run.ts")), keepCode: () => undefined };
  const file = join(dirname, "run.cjs");
  const { value, keepCode } = loadScript(file, codeFolder(process.env), nameOf(words));
  const module = { exports: {} };
  // What our own build makes of run.ts: a function that fills `module` as CommonJS does.
  (value as (module: object, scriptUrl: string) => void)(module, pathToFileURL(file).href);
  return { ...(module.exports as Run), keepCode };
}

/** Commands use different parts of the script: each keeps its own code. */
function nameOf(words: readonly string[]): string {
  const word = words.find((each) => !each.startsWith("-")) ?? "";
  return /^[a-z]{2,20}$/.test(word) ? word : "reg";
}
