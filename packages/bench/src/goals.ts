import {
  costRatio,
  count,
  cpuPerGibibyte,
  type Goal,
  growth,
  highestPeak,
  peak,
  speed,
} from "./goal-kinds.ts";
import type { Result } from "./job.ts";

export interface Verdict {
  readonly job: string;
  readonly what: string;
  readonly bound: Goal["bound"];
  readonly limit: number;
  readonly figure: number;
  readonly reached: boolean;
}

export const goals: readonly Goal[] = [
  costRatio("pull-2g", "wall", "peer", 0.85),
  costRatio("pull-2g", "wall", "synced", 0.85),
  costRatio("pull-2g", "cpu", "peer", 0.75),
  costRatio("pull-2g", "cpu", "synced", 0.75),
  costRatio("pull-512m", "wall", "peer", 1),
  costRatio("pull-512m", "wall", "synced", 1),
  speed("pull-in-process", "beside", 1.6),
  costRatio("pull-in-process", "cpu", "beside", 0.6),
  growth("pull"),
  growth("push"),
  growth("copy"),
  highestPeak(130),
  speed("push-200-at-20ms", "peer", 4),
  speed("push-200-at-20ms", "raised", 1.2),
  speed("pull-200-at-20ms", "peer", 1.3),
  speed("pull-200-at-20ms", "synced", 1.3),
  speed("pull-index-at-20ms", "peer", 1.3),
  speed("pull-index-at-20ms", "synced", 1.3),
  speed("push-index-at-20ms", "peer", 2),
  speed("heads", "beside", 4),
  count("heads", "connections", 16),
  count("tags-20000", "requests", 1),
  peak("tags-1000000", 120),
  costRatio("push-512m", "wall", "peer", 1.05),
  cpuPerGibibyte("push-512m", 0.5, 0.6),
  costRatio("copy-512m", "wall", "crane", 1),
  // 201 mounts; the manifest is read, looked for by tag and by digest, and written: nothing of a blob moves.
  count("mount-200", "requests", 205),
  speed("mount-200", "peer", 1.2),
  costRatio("start", "wall", "node", 1.5),
];

/** Each goal that can be judged by these results. */
export function judge(results: readonly Result[], wanted: readonly Goal[] = goals): Verdict[] {
  return wanted.flatMap(({ job, what, bound, limit, figure }) => {
    const value = figure(results);
    if (value === undefined) return [];
    return [
      {
        job,
        what,
        bound,
        limit,
        figure: value,
        reached: bound === "at most" ? value <= limit : value >= limit,
      },
    ];
  });
}
