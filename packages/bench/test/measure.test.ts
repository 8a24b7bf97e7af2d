import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { measure } from "../src/measure.ts";

const node = process.execPath;

test("a command costs time and memory", async () => {
  const cost = await measure([node, "-e", "setTimeout(() => {}, 50); Buffer.alloc(64 << 20, 1)"]);
  expect(cost.wallSeconds).toBeGreaterThan(0);
  expect(cost.cpuSeconds).toBeGreaterThan(0);
  expect(cost.peakBytes).toBeGreaterThan(64 * 1024 * 1024);
});

test("memory below a shell is the command's, too", async () => {
  const script = '"$1" -e "Buffer.alloc(64 << 20, 1); setTimeout(() => {}, 100)"; true';
  const { peakBytes } = await measure(["bash", "-c", script, "bash", node]);
  expect(peakBytes).toBeGreaterThan(64 * 1024 * 1024);
});

test("what a command prints of itself is taken instead", async () => {
  const own = { wallSeconds: 1.5, cpuSeconds: 2.5, peakBytes: 7 };
  const cost = await measure([node, "-e", `console.log("first"); console.log('${JSON.stringify(own)}')`], {
    reports: true,
  });
  expect(cost).toMatchObject(own);
});

test("a command that fails says why, with the end of what it said", async () => {
  await expect(measure(["bash", "-c", "echo no such image >&2; exit 3"])).rejects.toThrow(
    /ended with 3:\n.*no such image/,
  );
  await expect(measure(["/no/such/program"])).rejects.toThrow("ended with 127");
});

test("a command runs as often as it should, and fails at the first failure", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const grow = ["bash", "-c", 'printf x >> "$1/runs"; [ "$(wc -c < "$1/runs")" -lt "$2" ]', "bash", folder];
  await measure([...grow, "9"], { times: 3 });
  await expect(measure([...grow, "5"], { times: 3 })).rejects.toThrow("ended with 1");
  const runs = await measure(["bash", "-c", '[ "$(cat "$1/runs")" = xxxxx ]', "bash", folder]);
  expect(runs.cpuSeconds).toBeGreaterThanOrEqual(0);
});

test("who interrupts ends what the command started, too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const interrupted = new AbortController();
  const script = 'bash -c "touch $1/started; sleep 1; touch $1/late" & wait';
  const running = measure(["bash", "-c", script, "bash", folder], { signal: interrupted.signal });
  await expect.poll(() => existsSync(join(folder, "started"))).toBe(true);
  interrupted.abort(new Error("enough"));
  await expect(running).rejects.toThrow("enough");
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(existsSync(join(folder, "late"))).toBe(false);
});

test("a command that takes too long is ended, and a failure", async () => {
  await expect(measure(["sleep", "60"], { timeoutSeconds: 0.2 })).rejects.toThrow("it took more than 0.2 s");
});
