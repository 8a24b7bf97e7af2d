import type { Verdict } from "./case.ts";
import type { CaseResult } from "./run.ts";

const MARKS: Readonly<Record<Verdict["status"], string>> = {
  pass: "pass",
  fail: "FAIL",
  "not-applicable": "n/a",
};

/** One line a case, for a terminal. */
export function textLine({ case: one, verdict, seconds }: CaseResult): string {
  return `${MARKS[verdict.status].padEnd(4)}  ${one.id.padEnd(44)} ${seconds.toFixed(1).padStart(5)} s  ${verdict.observed}`;
}

/** How many of each. */
export function textSummary(results: readonly CaseResult[]): string {
  const count = (status: Verdict["status"]): number =>
    results.filter((r) => r.verdict.status === status).length;
  return `${count("pass")} passed, ${count("fail")} failed, ${count("not-applicable")} not applicable`;
}

/** JUnit's XML, as build servers read it. */
export function junit(client: string, results: readonly CaseResult[]): string {
  const cases = results.map(({ case: one, verdict, seconds }) => {
    const open = `  <testcase classname="${xml(`${client}.${one.area}`)}" name="${xml(one.id)}" time="${seconds.toFixed(3)}"`;
    if (verdict.status === "pass") return `${open}/>`;
    const text = xml(`${one.fault} — expected: ${one.expectation} — observed: ${verdict.observed}`);
    const kind = verdict.status === "fail" ? "failure" : "skipped";
    return `${open}>\n    <${kind} message="${text}"/>\n  </testcase>`;
  });
  const failures = results.filter(({ verdict }) => verdict.status === "fail").length;
  const skipped = results.filter(({ verdict }) => verdict.status === "not-applicable").length;
  const suite = `tests="${results.length}" failures="${failures}" skipped="${skipped}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="${xml(client)}" ${suite}>\n${cases.join("\n")}\n</testsuite>\n`;
}

/** One client's column. */
export interface Column {
  readonly client: string;
  readonly version: string;
  readonly results: readonly CaseResult[];
}

/** A table in Markdown: a row a case, a column a client. */
export function markdown(columns: readonly Column[]): string {
  const head = [
    "Case",
    "The fault",
    "A correct client",
    "Why",
    ...columns.map((c) => `${c.client} ${c.version}`),
  ];
  const rows = (columns[0]?.results ?? []).map(({ case: one }, index) => [
    `\`${one.id}\``,
    one.fault,
    one.expectation,
    one.reason,
    ...columns.map(({ results }) => {
      const verdict = results[index]?.verdict;
      if (verdict === undefined) return "";
      return verdict.status === "fail" ? `**fail**: ${verdict.observed}` : MARKS[verdict.status];
    }),
  ]);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function xml(text: string): string {
  const printable = text.replace(/[^\P{Cc}\n\t]/gu, "?");
  return printable
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
