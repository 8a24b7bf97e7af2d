import { readFileSync, writeFileSync } from "node:fs";
import type { Finding } from "@reg/reference/files";
import { applyFixes, formatJson, formatSarif, formatText, lintFile } from "@reg/reference/files";
import { parseAllDocuments } from "yaml";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";

/** `file:line:column`, JSON, or SARIF. */
export async function run(call: Call): Promise<ExitCode> {
  const findings: Finding[] = [];
  for (const path of call.arguments("FILE")) {
    const text = readFileSync(path, "utf8");
    const found = lintFile({ path, text }, { parseYaml: parseAllDocuments });
    if (!call.flag("fix")) {
      findings.push(...found);
      continue;
    }
    const fixed = applyFixes(text, found);
    if (fixed !== text) writeFileSync(path, fixed);
    findings.push(...lintFile({ path, text: fixed }, { parseYaml: parseAllDocuments }));
  }
  const format = call.output.json ? formatJson : call.text("format") === "sarif" ? formatSarif : formatText;
  await call.output.document(Buffer.from(format(findings)));
  const strict = call.flag("strict");
  const bad = findings.some(({ severity }) => severity === "error" || (strict && severity === "warning"));
  return bad ? 1 : 0;
}
