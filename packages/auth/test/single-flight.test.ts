import { expect, test } from "vitest";
import { SingleFlight } from "../src/single-flight.ts";

test("one task serves all who ask meanwhile, and the next asks anew", async () => {
  const flights = new SingleFlight<number>();
  let count = 0;
  const task = async (): Promise<number> => {
    await Promise.resolve();
    count += 1;
    return count;
  };
  expect(await Promise.all([1, 2, 3].map(() => flights.run("a", undefined, task)))).toEqual([1, 1, 1]);
  expect(await flights.run("a", undefined, task)).toBe(2);
});

test("the task is aborted when the last one who waits has left, and not before", async () => {
  const flights = new SingleFlight<void>();
  const first = new AbortController();
  const second = new AbortController();
  let aborted = false;
  const task = (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        reject(new Error("stopped"));
      });
    });
  const results = [flights.run("a", first.signal, task), flights.run("a", second.signal, task)];
  for (const result of results) result.catch(() => {});
  await Promise.resolve();
  first.abort(new Error("first left"));
  await expect(results[0]).rejects.toThrow("first left");
  expect(aborted).toBe(false);
  second.abort(new Error("second left"));
  await expect(results[1]).rejects.toThrow("second left");
  expect(aborted).toBe(true);
});

test("one who comes after all have left starts a task of its own", async () => {
  const flights = new SingleFlight<string>();
  const controller = new AbortController();
  const left = flights.run("a", controller.signal, () => new Promise(() => {}));
  controller.abort(new Error("left"));
  await expect(left).rejects.toThrow("left");
  expect(await flights.run("a", undefined, () => Promise.resolve("fresh"))).toBe("fresh");
});

test("one who has aborted already starts nothing", async () => {
  const flights = new SingleFlight<void>();
  const task = (): Promise<void> => Promise.reject(new Error("must not run"));
  await expect(flights.run("a", AbortSignal.abort(new Error("gone")), task)).rejects.toThrow("gone");
});
