import { expect, test } from "vitest";
import { goals } from "../src/goals.ts";
import { inProcessJobs } from "../src/in-process/jobs.ts";
import { networkJobs } from "../src/network/jobs.ts";

const field = { root: "/nowhere", peers: [] };
const names = [...networkJobs({ ...field, registry: "distribution" }), ...inProcessJobs("/nowhere")].map(
  ({ name }) => name,
);

test("no two jobs have the same name", () => {
  expect(new Set(names).size).toBe(names.length);
});

test("each goal is one of a job that there is", () => {
  const judged = goals.map(({ job }) => job).filter((job) => job !== "pull, push and copy");
  expect(judged.filter((job) => !names.includes(job))).toEqual([]);
});

test("the embedded registry is measured beside the other, or is the only one", () => {
  expect(names).toContain("pull-512m-embedded");
  const alone = networkJobs({ ...field, registry: "embedded" }).map(({ name }) => name);
  expect(alone.filter((name) => name.endsWith("-embedded"))).toEqual([]);
  expect(alone).toContain("pull-512m");
});

test("every job has one round at least, and the largest have fewer than the small ones", () => {
  const rounds = new Map(
    networkJobs({ ...field, registry: "distribution" }).map((job) => [
      job.name,
      [job.rounds(1), job.rounds(5)],
    ]),
  );
  for (const [least] of rounds.values()) expect(least).toBeGreaterThanOrEqual(1);
  expect(rounds.get("pull-2g")?.[1]).toBe(3);
  expect(rounds.get("pull-512m")?.[1]).toBe(5);
  expect(rounds.get("mount-200")?.[1]).toBeGreaterThan(5);
});
