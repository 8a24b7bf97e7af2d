import type { Verdict } from "./case.ts";
import type { CaseResult } from "./run.ts";

const MARKS: Readonly<Record<Verdict["status"], string>> = {
  pass: "pass",
  fail: "FAIL",
  "not-applicable": "n/a",
};

/** One line a case, for a terminal. */
export function textLine({ case: one, verdict, seconds, passedAlone }: CaseResult): string {
  const alone = passedAlone === true ? "by itself: " : "";
  return `${MARKS[verdict.status].padEnd(4)}  ${one.id.padEnd(44)} ${seconds.toFixed(1).padStart(5)} s  ${alone}${verdict.observed}`;
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

/** One client's column, or one server's. */
export interface Column {
  readonly client: string;
  readonly version: string;
  readonly results: readonly CaseResult[];
}

/** What a page is made of. */
export interface Page {
  readonly clients: readonly Column[];
  /** Cases where a server is under test. */
  readonly servers?: readonly Column[];
  /** Clients that were not found, and so have no column. */
  readonly absent?: readonly string[];
  /** What makes the page again. */
  readonly command: string;
  /** On what it was made. */
  readonly conditions: string;
}

/** A page in Markdown: for each area a table with a row a case and a column a client, or server. */
export function markdown({ clients, servers = [], absent = [], command, conditions }: Page): string {
  const day = new Date().toISOString().slice(0, 10);
  return [
    "# What clients do with faults",
    `${casesOf([...clients.slice(0, 1), ...servers.slice(0, 1)])} cases, played on ${day} (${conditions}).`,
    `Made by\n\n\`\`\`console\n${command}\n\`\`\``,
    "A client or server that lacks an operation, or an option that a case needs, is not judged on it (n/a). Four cases " +
      "were played at a time with each, the clients side by side; what failed was played once more by itself, and " +
      `where it passed then, the cell says so.${absent.length === 0 ? "" : ` Not found here: ${absent.join(", ")}.`}`,
    ...part("Clients", clients),
    ...part("Servers", servers),
  ].join("\n\n");
}

function casesOf(columns: readonly Column[]): number {
  return columns.reduce((total, { results }) => total + results.length, 0);
}

function part(title: string, columns: readonly Column[]): string[] {
  if (columns.length === 0) return [];
  const played = columns[0]?.results ?? [];
  const areas = [...new Set(played.map(({ case: one }) => one.area))];
  const summary = columns.map(({ client, version, results }) => [
    `${client} ${version}`.trim(),
    ...(["pass", "fail", "not-applicable"] as const).map((status) => String(count(results, status))),
  ]);
  return [
    `## ${title}`,
    table([title.slice(0, -1), "Passed", "Failed", "Not judged"], summary),
    ...areas.map((area) => `### ${area}\n\n${areaTable(columns, area)}`),
  ];
}

function areaTable(columns: readonly Column[], area: string): string {
  const subject = area === "server" ? "A correct server" : "A correct client";
  const head = ["Case", "The fault", subject, "Why", ...columns.map(({ client }) => client)];
  const rows = (columns[0]?.results ?? []).flatMap(({ case: one }, index) =>
    one.area === area
      ? [
          [
            ...[`\`${one.id}\``, one.fault, one.expectation, one.reason],
            ...columns.map(({ results }) => cellOf(results[index])),
          ],
        ]
      : [],
  );
  return table(head, rows);
}

function cellOf(result: CaseResult | undefined): string {
  if (result === undefined) return "";
  const { verdict, passedAlone } = result;
  // Ports and folders differ from run to run, and say nothing.
  const observed = verdict.observed.replace(/:\d{4,5}\b/g, "").replace(/\/tmp\/\S*/g, "…");
  if (verdict.status === "fail") return `**fail**: ${cutAt(observed, 100)}`;
  return passedAlone === true ? "pass, by itself" : MARKS[verdict.status];
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
