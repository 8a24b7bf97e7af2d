import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { adaptiveLimit, fixedLimit } from "../../src/copy/adaptive-limit.ts";
import { createScheduler, type SchedulerOptions } from "../../src/copy/scheduler.ts";

const KIB = 1024;

/**
 * Runs jobs against a host on a clock of its own: an answer takes the round trip, and from `servers` requests at a time
 * on they wait for each other. Gives the most in flight at a time, the most once a half was done, and how long all of it took.
 */
async function simulate(
  host: { readonly roundTripMs: number; readonly workMs: number; readonly servers: number },
  jobs: readonly number[],
  options: SchedulerOptions = {},
): Promise<{ readonly most: number; readonly settled: number; readonly tookMs: number }> {
  let now = 0;
  const answers: { readonly at: number; readonly answer: () => void }[] = [];
  const freeAt = Array.from({ length: host.servers }, () => 0);
  const scheduler = createScheduler({ ...options, now: () => now });
  let running = 0;
  let most = 0;
  let settled = 0;
  let left = jobs.length;
  const request = (): Promise<void> => {
    most = Math.max(most, ++running);
    if (left < jobs.length / 2) settled = Math.max(settled, running);
    const server = freeAt.indexOf(Math.min(...freeAt));
    const done = Math.max(freeAt[server] ?? 0, now + host.roundTripMs / 2) + host.workMs;
    freeAt[server] = done;
    return new Promise((answer) => answers.push({ at: done + host.roundTripMs / 2, answer }));
  };
  const all = Promise.all(
    jobs.map((size) =>
      scheduler.run({ size, hosts: ["far.example"] }, async () => {
        await request();
        running--;
      }),
    ),
  );
  for (; left > 0; left--) {
    await new Promise((ready) => setImmediate(ready));
    answers.sort((a, b) => a.at - b.at);
    const next = answers.shift();
    now = next?.at ?? now;
    next?.answer();
  }
  await all;
  return { most, settled, tookMs: now };
}

const many = Array.from({ length: 400 }, () => 20 * KIB);

describe("how many small jobs are in flight", () => {
  it("grows to 64 where the round trip takes the time, and all is done sooner", async () => {
    const far = { roundTripMs: 20, workMs: 1, servers: 100 };
    const adaptive = await simulate(far, many);
    const fixed = await simulate(far, many, { concurrency: 24 });
    expect(adaptive.most).toBe(64);
    expect(fixed.most).toBe(24);
    expect(adaptive.tookMs).toBeLessThan(fixed.tookMs * 0.6);
  });

  it("stays at 24 for a host nearby, which has its own work to do", async () => {
    expect((await simulate({ roundTripMs: 0.5, workMs: 2, servers: 2 }, many)).most).toBe(24);
  });

  it("swings below 64 for a host far away that keeps up with no more, and keeps it busy", async () => {
    const busy = { roundTripMs: 20, workMs: 20, servers: 8 };
    const { settled, tookMs } = await simulate(busy, [...many, ...many]);
    expect(settled).toBeLessThan(64);
    // 800 jobs, 8 at a time, 20 ms each.
    expect(tookMs).toBeLessThan(2_100);
  });

  it("goes no further than 24 MiB of small content", async () => {
    const far = { roundTripMs: 20, workMs: 1, servers: 100 };
    const { most } = await simulate(
      far,
      Array.from({ length: 400 }, () => 800 * KIB),
    );
    expect(most).toBe(30);
  });

  it("is what the caller says where the caller says it", async () => {
    const far = { roundTripMs: 20, workMs: 1, servers: 100 };
    expect((await simulate(far, many, { concurrency: 100 })).most).toBe(100);
    expect((await simulate(far, many, { concurrency: 2 })).most).toBe(2);
  });
});

describe("a limit that adapts", () => {
  it("grows for whoever waits alone", () => {
    const limit = adaptiveLimit();
    for (let turn = 0; turn < 100; turn++) limit.finished("a", 20, false);
    expect(limit.places).toBe(24);
    limit.finished("a", 29, true);
    expect(limit.places).toBe(25);
    limit.finished("a", 45, true);
    expect(limit.places).toBe(25);
    limit.finished("a", 55, true);
    expect(limit.places).toBe(24);
  });

  it("compares only what is alike", () => {
    const limit = adaptiveLimit();
    for (let turn = 0; turn < 10; turn++) {
      limit.finished("question", 20, true);
      limit.finished("transfer", 200, true);
    }
    expect(limit.places).toBe(44);
  });

  it("gives back what a failure shows to be too much", () => {
    const limit = adaptiveLimit();
    for (let turn = 0; turn < 40; turn++) limit.finished("a", 20, true);
    expect(limit.places).toBe(64);
    limit.failed();
    expect(limit.places).toBe(32);
    limit.failed();
    expect(limit.places).toBe(24);
  });

  it("gets used to a host that has moved away", () => {
    const limit = adaptiveLimit();
    limit.finished("a", 10, true);
    for (let turn = 0; turn < 30_000; turn++) limit.finished("a", 100, true);
    expect(limit.places).toBe(64);
  });

  it("stays between 24 and 64 whatever happens", () => {
    const events = fc.array(fc.option(fc.tuple(fc.constantFrom("a", "b"), fc.double({ min: 0, max: 1e6 }))));
    fc.assert(
      fc.property(events, (list) => {
        const limit = adaptiveLimit();
        for (const event of list) {
          if (event === null) limit.failed();
          else limit.finished(event[0], event[1], true);
          expect(limit.places).toBeGreaterThanOrEqual(24);
          expect(limit.places).toBeLessThanOrEqual(64);
        }
      }),
    );
  });

  it("does not move where it is fixed", () => {
    const limit = fixedLimit(7);
    limit.finished("a", 20, true);
    limit.failed();
    expect(limit.places).toBe(7);
  });
});
