import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import type { Contestant, Job, Turn } from "../src/job.ts";
import { runJob } from "../src/run-job.ts";

interface Played {
  readonly job: Job;
  readonly turns: string[];
  readonly disposed: () => boolean;
}

/** A job that notes whose turn it is. */
function played(commands: Readonly<Record<string, (turn: number) => Turn>>): Played {
  const turns: string[] = [];
  let disposed = false;
  const contestants = Object.entries(commands).map(
    ([name, turnOf]): Contestant => ({
      name,
      role: name === "reg" ? "ours" : "peer",
      ready: async (turn) => {
        turns.push(`${name} ${turn}`);
        return turnOf(turn);
      },
    }),
  );
  const job: Job = {
    name: "job",
    what: "a job",
    rounds: (asked) => asked,
    prepare: async () => ({
      contestants,
      [Symbol.asyncDispose]: async () => {
        disposed = true;
      },
    }),
  };
  return { job, turns, disposed: () => disposed };
}

const options = (failures: string[] = []) => ({
  rounds: 2,
  folder: tmpdir(),
  signal: new AbortController().signal,
  onFailure: (message: string) => void failures.push(message),
});

test("all take turns, to and fro, and the first round is not timed", async () => {
  const { job, turns, disposed } = played({
    reg: () => ({ command: ["true"] }),
    crane: () => ({ command: ["true"] }),
  });
  const results = await runJob(job, options());
  expect(turns).toEqual(["reg 0", "crane 0", "crane 1", "reg 1", "reg 2", "crane 2"]);
  expect(results.map(({ contestant, costs }) => [contestant, costs.map(({ round }) => round)])).toEqual([
    ["reg", [1, 2]],
    ["crane", [1, 2]],
  ]);
  expect(disposed()).toBe(true);
});

test("who fails is told, left out, and asked no more", async () => {
  const failures: string[] = [];
  const { job, turns } = played({
    reg: () => ({ command: ["true"] }),
    crane: (turn) => ({ command: [turn === 1 ? "false" : "true"] }),
  });
  const results = await runJob(job, options(failures));
  expect(results.map(({ contestant }) => contestant)).toEqual(["reg"]);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toContain("crane cannot do job");
  expect(turns).not.toContain("crane 2");
});

test("counts are those of the last turn that counted", async () => {
  const counts = { requests: 5, connections: 2 };
  const { job } = played({
    reg: (turn) => (turn === 0 ? { command: ["true"], counts: () => counts } : { command: ["true"] }),
    crane: (turn) => ({ command: ["true"], counts: () => ({ requests: turn, connections: 1 }) }),
  });
  const results = await runJob(job, options());
  expect(results.map((one) => one.counts)).toEqual([counts, { requests: 2, connections: 1 }]);
});

test("who interrupts ends the run, and what was started is cleaned up", async () => {
  const interrupted = new AbortController();
  const { job, disposed } = played({
    reg: () => {
      interrupted.abort(new Error("enough"));
      return { command: ["true"] };
    },
  });
  await expect(runJob(job, { ...options(), signal: interrupted.signal })).rejects.toThrow("enough");
  expect(disposed()).toBe(true);
});
