import { readFileSync, writeFileSync } from "node:fs";
import type { Finding } from "@reg/reference/files";
import {
  applyFixes,
  detectFileKind,
  formatJson,
  formatSarif,
  formatText,
  lintFile,
} from "@reg/reference/files";
import { parseAllDocuments } from "yaml";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";

/** `file:line:column`, JSON, or SARIF. */
export async function run(call: Call): Promise<ExitCode> {
  const findings: Finding[] = [];
  for (const path of call.arguments("FILE")) {
    const text = readFileSync(path, "utf8");
    if (detectFileKind(path) === undefined) {
      call.output.note(`${path} is passed over: its name is none of a Dockerfile, a compose file or YAML`);
      continue;
    }
    const found = lint(path, text);
    const fixed = call.flag("fix") ? applyFixes(text, found) : text;
    if (fixed !== text) writeFileSync(path, fixed);
    findings.push(...(fixed === text ? found : lint(path, fixed)));
  }
  const format = call.output.json ? formatJson : call.text("format") === "sarif" ? formatSarif : formatText;
  await call.output.document(Buffer.from(format(findings)));
  const strict = call.flag("strict");
  const bad = findings.some(({ severity }) => severity === "error" || (strict && severity === "warning"));
  return bad ? 1 : 0;
}

function lint(path: string, text: string): readonly Finding[] {
  return lintFile({ path, text }, { parseYaml: parseAllDocuments });
}
