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
  const { value, keepCode } = loadScript(join(dirname, "run.cjs"), codeFolder(process.env), nameOf(words));
  return { ...(exportsOf(value, dirname) as Run), keepCode };
}

/** What a script of our own build exports: each is a function that fills `module` as CommonJS does. */
function exportsOf(script: unknown, folder: string): unknown {
  const module = { exports: {} };
  const scriptUrl = pathToFileURL(join(folder, "run.cjs")).href;
  const loadApart = (name: string): unknown =>
    exportsOf(loadScript(join(folder, `${name}.cjs`), undefined, name).value, folder);
  (script as Script)(module, module.exports, scriptUrl, loadApart);
  return module.exports;
}

type Script = (
  module: object,
  exports: object,
  scriptUrl: string,
  loadApart: (name: string) => unknown,
) => void;

/** Commands use different parts of the script: each keeps its own code. */
function nameOf(words: readonly string[]): string {
  const word = words.find((each) => !each.startsWith("-")) ?? "";
  return /^[a-z]{2,20}$/.test(word) ? word : "reg";
}
