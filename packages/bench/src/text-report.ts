import type { Verdict } from "./goals.ts";
import { GOAL_HEADER, goalRows, JOB_HEADER, type JobReport, jobRows } from "./report.ts";
import { formatTable } from "./table.ts";

/** One job, for a terminal. */
export function jobText(job: JobReport): string {
  return `${job.name}: ${job.what}\n${formatTable(JOB_HEADER, jobRows(job))}`;
}

export function goalsText(verdicts: readonly Verdict[]): string {
  const reached = verdicts.filter((verdict) => verdict.reached).length;
  return `${reached} of ${verdicts.length} goals reached\n${formatTable(GOAL_HEADER, goalRows(verdicts), 2)}`;
}
