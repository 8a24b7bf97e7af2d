import type { Cost, Counts, Result, Role } from "../src/job.ts";

const MIB = 1024 * 1024;

/** A result of rounds 1, 2, 3… with these costs. */
export function result(
  job: string,
  contestant: string,
  role: Role,
  costs: readonly Partial<Cost>[],
  counts?: Counts,
): Result {
  return {
    job,
    contestant,
    role,
    costs: costs.map((cost, index) => ({
      round: index + 1,
      wallSeconds: 1,
      cpuSeconds: 1,
      peakBytes: 100 * MIB,
      benchCpuSeconds: 0,
      ...cost,
    })),
    ...(counts && { counts }),
  };
}

export function walls(...seconds: readonly number[]): Partial<Cost>[] {
  return seconds.map((wallSeconds) => ({ wallSeconds }));
}
