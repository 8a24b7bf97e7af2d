import type { Verdict } from "./goals.ts";
import type { Result } from "./job.ts";
import { medianOf, oursOf, ratioOf } from "./statistics.ts";
import { median } from "./table.ts";

/** All that one run found out. */
export interface Report {
  readonly machine: string;
  readonly setup: string;
  readonly command: string;
  readonly versions: readonly string[];
  readonly jobs: readonly JobReport[];
  readonly texts: readonly { readonly name: string; readonly what: string; readonly text: string }[];
  readonly verdicts: readonly Verdict[];
  /** What could not be measured, and why. */
  readonly failures: readonly string[];
}

export interface JobReport {
  readonly name: string;
  readonly what: string;
  readonly results: readonly Result[];
}

export const JOB_HEADER: readonly string[] = [
  "client",
  "rounds",
  "wall s",
  "CPU s",
  "peak MiB",
  "requests",
  "connections",
  "bench CPU s",
  "ours / its wall",
  "ours / its CPU",
];

/** A job's table, row by row: medians. Of the bench's CPU time the delay proxy is a part. */
export function jobRows({ name, results }: JobReport): string[][] {
  const ours = oursOf(results, name);
  return results.map((result) => [
    result.contestant,
    String(result.costs.length),
    medianOf(result, "wall").toFixed(3),
    medianOf(result, "cpu").toFixed(3),
    medianOf(result, "peak") === 0 ? "" : (medianOf(result, "peak") / MIB).toFixed(0),
    counted(result.counts?.requests),
    counted(result.counts?.connections),
    median(result.costs.map(({ benchCpuSeconds }) => benchCpuSeconds)).toFixed(3),
    ours === undefined || ours === result ? "" : ratioOf(ours, result, "wall").toFixed(2),
    ours === undefined || ours === result ? "" : ratioOf(ours, result, "cpu").toFixed(2),
  ]);
}

export const GOAL_HEADER: readonly string[] = ["job", "measure", "goal", "figure", ""];

export function goalRows(verdicts: readonly Verdict[]): string[][] {
  return verdicts.map(({ job, what, bound, limit, figure, reached }) => [
    job,
    what,
    `${bound} ${limit}`,
    formatFigure(figure),
    reached ? "reached" : "behind",
  ]);
}

/** Three digits that count, and never fewer than stand before the point. */
export function formatFigure(value: number): string {
  return Number.isInteger(value) || Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** Nobody can count what nothing passed by. */
function counted(value: number | undefined): string {
  return value === undefined || value === 0 ? "" : String(value);
}

const MIB = 1024 * 1024;
