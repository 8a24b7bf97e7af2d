import type { Cost, Result } from "./job.ts";
import { median } from "./table.ts";

export type Measure = "wall" | "cpu" | "peak";

const PICK: Readonly<Record<Measure, (cost: Cost) => number>> = {
  wall: ({ wallSeconds }) => wallSeconds,
  cpu: ({ cpuSeconds }) => cpuSeconds,
  peak: ({ peakBytes }) => peakBytes,
};

/** The median over a result's rounds: seconds, or bytes. */
export function medianOf({ costs }: Result, measure: Measure): number {
  return median(costs.map(PICK[measure]));
}

/** The highest of a result's rounds. */
export function highestOf({ costs }: Result, measure: Measure): number {
  return Math.max(...costs.map(PICK[measure]));
}

/**
 * How many times the other's cost ours is: the median of the ratios of each round, so that a machine that slows down
 * slows both; where they have no round in common, the ratio of their medians.
 */
export function ratioOf(ours: Result, other: Result, measure: Measure): number {
  const pick = PICK[measure];
  const ratios = ours.costs.flatMap((cost) => {
    const its = other.costs.find(({ round }) => round === cost.round);
    return its === undefined ? [] : [pick(cost) / pick(its)];
  });
  return ratios.length > 0 ? median(ratios) : medianOf(ours, measure) / medianOf(other, measure);
}

export function oursOf(results: readonly Result[], job: string): Result | undefined {
  return results.find((result) => result.job === job && result.role === "ours");
}
