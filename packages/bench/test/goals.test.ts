import { expect, test } from "vitest";
import { goals, judge } from "../src/goals.ts";
import type { Result } from "../src/job.ts";
import { result, walls } from "./results.ts";

const MIB = 1024 * 1024;

/** What is said of one measure of one job. */
function verdict(
  results: readonly Result[],
  job: string,
  measure: RegExp,
): { figure: number; reached: boolean } {
  const found = judge(results).filter((one) => one.job === job && measure.test(one.what));
  expect(found).toHaveLength(1);
  const [{ figure, reached }] = found as [(typeof found)[0]]; // there is one
  return { figure, reached };
}

test("a part of the best peer's time is judged beside the fastest peer, and not beside those that sync", () => {
  const results = [
    result("pull-512m", "reg", "ours", walls(1)),
    result("pull-512m", "crane", "peer", walls(0.8)),
    result("pull-512m", "skopeo", "peer", walls(3)),
    result("pull-512m", "crane + sync", "synced", walls(2)),
    result("pull-512m", "curl + openssl", "limit", walls(0.1)),
  ];
  expect(verdict(results, "pull-512m", /best peer$/)).toEqual({ figure: 1.25, reached: false });
  expect(verdict(results, "pull-512m", /best peer that syncs/)).toEqual({ figure: 0.5, reached: true });
});

test("CPU time is judged beside the peer that takes the least of it, however slow it is", () => {
  const results = [
    result("pull-2g", "reg", "ours", [{ wallSeconds: 1, cpuSeconds: 2 }]),
    result("pull-2g", "crane", "peer", [{ wallSeconds: 1, cpuSeconds: 4 }]),
    result("pull-2g", "regctl", "peer", [{ wallSeconds: 2, cpuSeconds: 2.5 }]),
  ];
  expect(verdict(results, "pull-2g", /CPU time.*peer$/)).toEqual({ figure: 0.8, reached: false });
});

test("a speed is its time by ours: as many times as wanted is reached", () => {
  const results = [
    result("push-200-at-20ms", "reg", "ours", walls(1)),
    result("push-200-at-20ms", "crane", "peer", walls(4)),
    result("push-200-at-20ms", "regctl", "peer", walls(5)),
    result("push-200-at-20ms", "regctl, 24 at once", "raised", walls(1.1)),
  ];
  expect(verdict(results, "push-200-at-20ms", /best peer$/)).toEqual({ figure: 4, reached: true });
  expect(verdict(results, "push-200-at-20ms", /raised/).reached).toBe(false);
});

test("what a goal needs and was not measured is no verdict", () => {
  expect(judge([result("pull-512m", "reg", "ours", walls(1))]).map(({ job }) => job)).toEqual([
    // The highest peak is all that one client alone can show.
    "pull, push and copy",
  ]);
  expect(judge([])).toEqual([]);
});

test("memory's growth is from 512 MiB to 2 GiB, by medians; its highest is of all rounds", () => {
  const results = [
    result("push-512m", "reg", "ours", [
      { peakBytes: 90 * MIB },
      { peakBytes: 92 * MIB },
      { peakBytes: 99 * MIB },
    ]),
    result("push-2g", "reg", "ours", [
      { peakBytes: 101 * MIB },
      { peakBytes: 101 * MIB },
      { peakBytes: 131 * MIB },
    ]),
  ];
  expect(verdict(results, "push-2g", /more than/)).toEqual({ figure: 9, reached: false });
  expect(verdict(results, "pull, push and copy", /highest/)).toEqual({ figure: 131, reached: false });
});

test("the figures that stand alone are ours: counts, a peak, and CPU time for each GiB", () => {
  const results = [
    result("heads", "client.manifests.head", "ours", walls(1), { requests: 22_000, connections: 16 }),
    result("tags-20000", "client.tags.list", "ours", walls(1), { requests: 1, connections: 1 }),
    result("tags-1000000", "client.tags.list", "ours", [{ peakBytes: 110 * MIB }]),
    result("push-512m", "reg", "ours", [{ cpuSeconds: 0.2, peakBytes: 90 * MIB }]),
  ];
  expect(verdict(results, "heads", /connections/)).toEqual({ figure: 16, reached: true });
  expect(verdict(results, "tags-20000", /requests/)).toEqual({ figure: 1, reached: true });
  expect(verdict(results, "tags-1000000", /peak/)).toEqual({ figure: 110, reached: true });
  expect(verdict(results, "push-512m", /GiB/)).toEqual({ figure: 0.4, reached: true });
});

test("copies are judged beside crane, and the start beside node", () => {
  const results = [
    result("copy-512m", "reg", "ours", walls(1)),
    result("copy-512m", "crane", "peer", walls(2)),
    result("copy-512m", "regctl", "peer", walls(0.5)),
    result("start", "reg", "ours", walls(0.03)),
    result("start", "crane", "peer", walls(0.003)),
    result("start", "node", "beside", walls(0.015)),
  ];
  expect(verdict(results, "copy-512m", /crane/)).toEqual({ figure: 0.5, reached: true });
  expect(verdict(results, "start", /node/)).toEqual({ figure: 2, reached: false });
});

test("each goal is told from the others by its job and its measure", () => {
  const names = goals.map(({ job, what }) => `${job}: ${what}`);
  expect(new Set(names).size).toBe(names.length);
});
