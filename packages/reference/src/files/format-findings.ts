import type { Finding } from "./lint-file.ts";

/** A line each, as compilers write them: `file:line:column: severity: message [CODE]`. */
export function formatText(findings: readonly Finding[]): string {
  return findings
    .map(({ path, line, column, severity, message, code, input }) => {
      const about = input === "" ? "" : `${printable(JSON.stringify(input))}: `;
      return `${printable(path)}:${line}:${column}: ${severity}: ${about}${printable(message)} [${code}]\n`;
    })
    .join("");
}

/** The findings as they are, as an array. */
export function formatJson(findings: readonly Finding[]): string {
  return `${JSON.stringify(findings, undefined, 2)}\n`;
}

/** SARIF 2.1.0, which code hosts show beside the lines. */
export function formatSarif(findings: readonly Finding[]): string {
  const codes = [...new Set(findings.map(({ code }) => code))].sort();
  const run = {
    tool: { driver: { name: "reg", rules: codes.map((id) => ({ id })) } },
    columnKind: "utf16CodeUnits",
    results: findings.map((finding) => sarifResult(finding, codes.indexOf(finding.code))),
  };
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function sarifResult(
  { path, line, column, offset, length, severity, code, message, fix }: Finding,
  rule: number,
): object {
  const artifactLocation = { uri: encodeURI(path.replaceAll("\\", "/")) };
  const region = { startLine: line, startColumn: column, charOffset: offset, charLength: length };
  const result = {
    ruleId: code,
    ruleIndex: rule,
    level: severity,
    message: { text: message },
    locations: [{ physicalLocation: { artifactLocation, region } }],
  };
  if (fix === undefined) return result;
  const deletedRegion = { charOffset: fix.offset, charLength: fix.length };
  const replacements = [{ deletedRegion, insertedContent: { text: fix.text } }];
  return { ...result, fixes: [{ artifactChanges: [{ artifactLocation, replacements }] }] };
}

/** Without what could lead a terminal astray: control and formatting characters. */
function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
