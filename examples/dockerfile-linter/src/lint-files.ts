import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import {
  applyFixes,
  detectFileKind,
  type Finding,
  formatJson,
  formatSarif,
  formatText,
  lintFile,
} from "@reg/reference/files";
import { parseAllDocuments } from "yaml";

const USAGE =
  "usage: main.ts [--format text|json|sarif] [--fix] [--strict] [--exit-zero] [--set NAME=VALUE] FILE...\n";

const FORMATS: Readonly<Record<string, (findings: readonly Finding[]) => string>> = {
  text: formatText,
  json: formatJson,
  sarif: formatSarif,
};

export interface Terminal {
  readonly write: (text: string) => unknown;
  readonly complain: (text: string) => unknown;
}

/**
 * Looks through the files, and says what it found.
 *
 * @returns 0 where nothing is wrong, 1 where something is (a warning counts with `--strict`, nothing with `--exit-zero`), 2 for wrong usage.
 */
export async function lintFiles(parameters: readonly string[], terminal: Terminal): Promise<number> {
  const wish = readParameters(parameters);
  if (wish === undefined) {
    terminal.complain(USAGE);
    return 2;
  }
  const findings: Finding[] = [];
  for (const path of wish.paths) {
    if (detectFileKind(path) === undefined) {
      terminal.complain(`${path}: neither a Dockerfile nor YAML; left out\n`);
      continue;
    }
    const text = await readFile(path, "utf8");
    const found = lintFile({ path, text }, wish.options);
    const fixed = wish.fix ? applyFixes(text, found) : text;
    if (fixed !== text) await writeFile(path, fixed);
    // After fixing, what is left is what counts.
    findings.push(...(fixed === text ? found : lintFile({ path, text: fixed }, wish.options)));
  }
  terminal.write(wish.format(findings));
  const failing = findings.some(
    ({ severity }) => severity === "error" || (wish.strict && severity === "warning"),
  );
  return failing && !wish.exitZero ? 1 : 0;
}

interface Wish {
  readonly paths: readonly string[];
  readonly format: (findings: readonly Finding[]) => string;
  readonly fix: boolean;
  readonly strict: boolean;
  readonly exitZero: boolean;
  readonly options: Parameters<typeof lintFile>[1];
}

function readParameters(parameters: readonly string[]): Wish | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...parameters],
      allowPositionals: true,
      options: {
        format: { type: "string", default: "text" },
        fix: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        "exit-zero": { type: "boolean", default: false },
        set: { type: "string", multiple: true, default: [] },
      },
    });
    const format = Object.hasOwn(FORMATS, values.format) ? FORMATS[values.format] : undefined;
    if (format === undefined || positionals.length === 0) return undefined;
    const variables = Object.fromEntries(values.set.map((pair) => pair.split(/=(.*)/s, 2)));
    const options = { parseYaml: parseAllDocuments, variables };
    return {
      paths: positionals,
      format,
      fix: values.fix,
      strict: values.strict,
      exitZero: values["exit-zero"],
      options,
    };
  } catch {
    return undefined;
  }
}
