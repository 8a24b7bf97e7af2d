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
  return `${count(results, "pass")} passed, ${count(results, "fail")} failed, ${count(results, "not-applicable")} not applicable`;
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

/** A page in Markdown: for each area a table with a row a case and a column a client. */
export function markdown(columns: readonly Column[], command: string): string {
  const played = columns[0]?.results ?? [];
  const areas = [...new Set(played.map(({ case: one }) => one.area))];
  const names = columns.map(({ client, version }) => `${client} ${version}`);
  return [
    "# What clients do with faults",
    `${played.length} cases, played on ${new Date().toISOString().slice(0, 10)} with ${names.join(", ")}. ` +
      "A client that lacks an operation, or an option that a case needs, is not judged on it (n/a).",
    `Made by\n\n\`\`\`console\n${command}\n\`\`\``,
    table(
      ["Client", "Passed", "Failed", "Not judged"],
      columns.map(({ results }, at) => [
        names[at] ?? "",
        ...(["pass", "fail", "not-applicable"] as const).map((status) => String(count(results, status))),
      ]),
    ),
    ...areas.map((area) => `## ${area}\n\n${areaTable(columns, area)}`),
  ].join("\n\n");
}

function areaTable(columns: readonly Column[], area: string): string {
  const head = ["Case", "The fault", "A correct client", "Why", ...columns.map(({ client }) => client)];
  const rows = (columns[0]?.results ?? []).flatMap(({ case: one }, index) =>
    one.area === area
      ? [
          [
            ...[`\`${one.id}\``, one.fault, one.expectation, one.reason],
            ...columns.map(({ results }) => cellOf(results[index]?.verdict)),
          ],
        ]
      : [],
  );
  return table(head, rows);
}

function cellOf(verdict: Verdict | undefined): string {
  if (verdict === undefined) return "";
  // Ports and folders differ from run to run, and say nothing.
  const observed = verdict.observed.replace(/:\d{4,5}\b/g, "").replace(/\/tmp\/\S*/g, "…");
  return verdict.status === "fail" ? `**fail**: ${cutAt(observed, 100)}` : MARKS[verdict.status];
}

function cutAt(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => printable(cell).replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function count(results: readonly CaseResult[], status: Verdict["status"]): number {
  return results.filter(({ verdict }) => verdict.status === status).length;
}

/** Cases quote what was sent, which may be anything. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ");
}

function xml(text: string): string {
  const printable = text.replace(/[^\P{Cc}\n\t]/gu, "?");
  return printable
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
