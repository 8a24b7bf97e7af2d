import { expect, test } from "vitest";
import { createScheduler } from "../../src/index.ts";

const MIB = 1024 * 1024;

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

test("starts the largest first, and small ones beside them in the order they came", async () => {
  const scheduler = createScheduler({ concurrency: 10, largeConcurrency: 1 });
  const order: string[] = [];
  const gates = new Map<string, ReturnType<typeof deferred>>();
  const run = (name: string, size: number): Promise<void> => {
    const gate = deferred();
    gates.set(name, gate);
    return scheduler.run({ size }, async () => {
      order.push(name);
      await gate.promise;
    });
  };
  const all = [run("2M", 2 * MIB), run("a", 10), run("9M", 9 * MIB), run("b", 0), run("5M", 5 * MIB)];
  await turn();
  expect(order).toEqual(["9M", "a", "b"]);
  gates.get("9M")?.resolve();
  await turn();
  expect(order.at(-1)).toBe("5M");
  gates.get("5M")?.resolve();
  await turn();
  expect(order.at(-1)).toBe("2M");
  for (const gate of gates.values()) gate.resolve();
  await Promise.all(all);
});

test("gives the place of a task that only waits for its disk to the next, up to a bound", async () => {
  const scheduler = createScheduler({ concurrency: 1 });
  const gate = deferred();
  let started = 0;
  const jobs = Array.from({ length: 50 }, () =>
    scheduler.run({ size: 10 }, async (leave) => {
      started += 1;
      leave();
      leave();
      await gate.promise;
    }),
  );
  await turn();
  await turn();
  // 32 have left, and the next had to keep its place.
  expect(started).toBe(33);
  gate.resolve();
  await Promise.all(jobs);
  expect(started).toBe(50);
  const [first, second] = [deferred(), deferred()];
  const order: string[] = [];
  const one = scheduler.run({ size: 0 }, async () => {
    order.push("one");
    await first.promise;
  });
  const two = scheduler.run({ size: 0 }, async () => {
    order.push("two");
    await second.promise;
  });
  await turn();
  // Places were given back once, not twice.
  expect(order).toEqual(["one"]);
  first.resolve();
  second.resolve();
  await Promise.all([one, two]);
});

test("keeps to its bounds, in all, for large ones, and for each host", async () => {
  const scheduler = createScheduler({
    concurrency: 6,
    largeConcurrency: 2,
    perHost: { slow: 1, other: 2, "*": 5 },
  });
  const now = { all: 0, large: 0, slow: 0, other: 0 };
  const most = { ...now };
  const job = (size: number, hosts: readonly string[]): Promise<void> =>
    scheduler.run({ size, hosts }, async () => {
      const keys: (keyof typeof now)[] = ["all"];
      if (size > MIB) keys.push("large");
      if (hosts.includes("slow")) keys.push("slow");
      if (hosts.includes("other")) keys.push("other");
      for (const key of keys) {
        now[key] += 1;
        most[key] = Math.max(most[key], now[key]);
      }
      await turn();
      for (const key of keys) now[key] -= 1;
    });
  const jobs = Array.from({ length: 60 }, (_, i) =>
    job(i % 3 === 0 ? 2 * MIB : 1, i % 4 === 0 ? ["slow", "other"] : i % 2 === 0 ? ["other"] : ["third"]),
  );
  await Promise.all(jobs);
  expect(most).toEqual({ all: 6, large: 2, slow: 1, other: 2 });
});

test("takes both ends of a copy at once, so that copies there and back end", async () => {
  const scheduler = createScheduler({ perHost: { a: 1, b: 1 } });
  let done = 0;
  await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      scheduler.run({ size: 1, hosts: i % 2 === 0 ? ["a", "b"] : ["b", "a"] }, async () => {
        await turn();
        done += 1;
      }),
    ),
  );
  expect(done).toBe(40);
});

test("lets a waiting job go when its signal is aborted, and frees the place of one that failed", async () => {
  const scheduler = createScheduler({ concurrency: 1 });
  const gate = deferred();
  const first = scheduler.run({ size: 0 }, () => gate.promise);
  const controller = new AbortController();
  const reason = new Error("no more");
  const small = scheduler.run({ size: 0, signal: controller.signal }, async () => 1);
  const large = scheduler.run({ size: 5 * MIB, signal: controller.signal }, async () => 1);
  const failing = scheduler.run({ size: 0 }, async () => {
    throw new Error("failed");
  });
  const last = scheduler.run({ size: 0 }, async () => "ran");
  failing.catch(() => {});
  controller.abort(reason);
  await expect(small).rejects.toBe(reason);
  await expect(large).rejects.toBe(reason);
  gate.resolve();
  await first;
  await expect(failing).rejects.toThrow("failed");
  expect(await last).toBe("ran");
  await expect(scheduler.run({ size: 0, signal: controller.signal }, async () => 1)).rejects.toBe(reason);
});

test("has one place at least, whatever is asked for", async () => {
  expect(
    await createScheduler({ concurrency: 0, largeConcurrency: -1 }).run({ size: 9 * MIB }, async () => 7),
  ).toBe(7);
});
