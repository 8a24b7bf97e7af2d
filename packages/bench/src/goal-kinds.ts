import type { Result, Role } from "./job.ts";
import { highestOf, type Measure, medianOf, oursOf, ratioOf } from "./statistics.ts";

/** What is wanted of one figure. */
export interface Goal {
  readonly job: string;
  readonly what: string;
  readonly bound: "at most" | "at least";
  readonly limit: number;
  /** `undefined` where what it needs was not measured. */
  figure(results: readonly Result[]): number | undefined;
}

const SAID: Readonly<Record<Measure, string>> = { wall: "wall time", cpu: "CPU time", peak: "peak memory" };

const BEST: Readonly<Partial<Record<Role, string>>> = {
  peer: "the best peer",
  raised: "the best peer with its concurrency raised",
  synced: "the best peer that syncs too",
  beside: "what it stands beside",
};

/** A role, for the best of it; or one contestant's name. */
type Against = Role | (string & {});

/** Our cost as a part of the other's. */
export function costRatio(job: string, measure: Measure, against: Against, limit: number): Goal {
  return {
    job,
    what: `${SAID[measure]} ÷ that of ${BEST[against as Role] ?? against}`, // no role has no entry
    bound: "at most",
    limit,
    figure: (results) => worst(results, job, measure, against),
  };
}

/** How many times as fast as the other. */
export function speed(job: string, against: Against, limit: number): Goal {
  return {
    job,
    what: `times as fast as ${BEST[against as Role] ?? against}`, // no role has no entry
    bound: "at least",
    limit,
    figure: (results) => {
      const ratio = worst(results, job, "wall", against);
      return ratio === undefined ? undefined : 1 / ratio;
    },
  };
}

/** The best of them is the one beside which we look worst. */
function worst(
  results: readonly Result[],
  job: string,
  measure: Measure,
  against: Against,
): number | undefined {
  const ours = oursOf(results, job);
  const others = results.filter(
    ({ job: its, role, contestant }) => its === job && (role === against || contestant === against),
  );
  if (ours === undefined || others.length === 0) return undefined;
  return Math.max(...others.map((other) => ratioOf(ours, other, measure)));
}

/** What four times the bytes add to the memory. */
export function growth(verb: "pull" | "push" | "copy"): Goal {
  return {
    job: `${verb}-2g`,
    what: `MiB of peak memory more than for ${verb}-512m`,
    bound: "at most",
    limit: 8,
    figure: (results) => {
      const small = oursOf(results, `${verb}-512m`);
      const large = oursOf(results, `${verb}-2g`);
      if (small === undefined || large === undefined) return undefined;
      return (medianOf(large, "peak") - medianOf(small, "peak")) / MIB;
    },
  };
}

export function peak(job: string, limit: number): Goal {
  return {
    job,
    what: "MiB of peak memory",
    bound: "at most",
    limit,
    figure: (results) => {
      const ours = oursOf(results, job);
      return ours === undefined ? undefined : medianOf(ours, "peak") / MIB;
    },
  };
}

/** Of the large jobs of the command. */
export function highestPeak(limit: number): Goal {
  const large = /^(?:pull|push|copy)-(?:512m|2g)$/;
  return {
    job: "pull, push and copy",
    what: "MiB of peak memory, the highest of all rounds",
    bound: "at most",
    limit,
    figure: (results) => {
      const ours = results.filter(({ job, role }) => role === "ours" && large.test(job));
      return ours.length === 0
        ? undefined
        : Math.max(...ours.map((result) => highestOf(result, "peak"))) / MIB;
    },
  };
}

export function count(job: string, counted: "requests" | "connections", limit: number): Goal {
  return {
    job,
    what: counted,
    bound: "at most",
    limit,
    figure: (results) => oursOf(results, job)?.counts?.[counted],
  };
}

export function cpuPerGibibyte(job: string, gibibytes: number, limit: number): Goal {
  return {
    job,
    what: "seconds of CPU time for each GiB",
    bound: "at most",
    limit,
    figure: (results) => {
      const ours = oursOf(results, job);
      return ours === undefined ? undefined : medianOf(ours, "cpu") / gibibytes;
    },
  };
}

const MIB = 1024 * 1024;
