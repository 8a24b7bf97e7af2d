import { GOAL_HEADER, goalRows, JOB_HEADER, jobRows, type Report } from "./report.ts";
import { markdownTable } from "./table.ts";

/** Between these lines of a page stands what the bench writes there. */
const BEGIN = "<!-- begin: written by pnpm bench --markdown -->";
const END = "<!-- end: written by pnpm bench --markdown -->";

/** A page with a run's tables in the place of the earlier ones; at its end where it had none. */
export function withTables(page: string, report: Report): string {
  const tables = `${BEGIN}\n\n${markdownReport(report)}\n\n${END}`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END, begin);
  if (begin < 0 || end < 0) return `${page.trimEnd()}\n\n${tables}\n`.trimStart();
  return page.slice(0, begin) + tables + page.slice(end + END.length);
}

/** All that a run found out, as parts of a page. */
export function markdownReport({
  machine,
  setup,
  command,
  versions,
  jobs,
  texts,
  verdicts,
  failures,
}: Report): string {
  const reached = verdicts.filter((verdict) => verdict.reached).length;
  return [
    `- Machine: ${machine}.`,
    `- Programs: ${versions.join(", ")}.`,
    `- ${setup}`,
    `- Command: \`${command}\`.`,
    ...(failures.length === 0 ? [] : ["- Not measured:", ...failures.map((failure) => `  - ${failure}`)]),
    "",
    "### Goals",
    "",
    `${reached} of ${verdicts.length} reached.`,
    "",
    markdownTable(GOAL_HEADER, goalRows(verdicts).map(emphasised), 2),
    "",
    "### Jobs",
    "",
    "Medians of the rounds; ratios are medians of each round's ratio, below 1 where ours costs less.",
    "`bench CPU s` is what the bench itself took of the processor meanwhile, the delay proxy with it.",
    ...jobs.flatMap((job) => [
      "",
      `**${job.name}**: ${job.what}.`,
      "",
      markdownTable(JOB_HEADER, jobRows(job).map(withoutPipes)),
    ]),
    ...texts.flatMap(({ name, what, text }) => ["", `**${name}**: ${what}.`, "", "```text", text, "```"]),
  ].join("\n");
}

/** What is behind is to be seen. */
function emphasised(row: readonly string[]): string[] {
  return withoutPipes(row).map((cell) => (cell === "behind" ? "**behind**" : cell));
}

function withoutPipes(row: readonly string[]): string[] {
  return row.map((cell) => cell.replaceAll("|", "\\|"));
}
