import type { Finding } from "./lint-file.ts";

/** The file's text with the findings' fixes in it; of fixes that overlap, the first. */
export function applyFixes(text: string, findings: readonly Finding[]): string {
  const fixes = findings
    .flatMap(({ fix }) => (fix === undefined ? [] : [fix]))
    .sort((a, b) => a.offset - b.offset);
  let fixed = "";
  let end = 0;
  for (const fix of fixes) {
    if (fix.offset < end) continue;
    fixed += text.slice(end, fix.offset) + fix.text;
    end = fix.offset + fix.length;
  }
  return fixed + text.slice(end);
}
