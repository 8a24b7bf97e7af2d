import { readFileSync } from "node:fs";
import type { Measured } from "../measure.ts";

/**
 * Does the work, and prints as JSON what it cost this process: time and CPU time of the work alone, and the memory's
 * peak since the process started.
 */
export async function reportCost(work: () => Promise<unknown>): Promise<void> {
  const before = process.cpuUsage();
  const started = performance.now();
  await work();
  const wallSeconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  const cost: Omit<Measured, "benchCpuSeconds"> = {
    wallSeconds,
    cpuSeconds: (user + system) / 1e6,
    // Of this process alone: what the system hands a parent of its own counts the parent's pages too.
    peakBytes: Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]) * 1024,
  };
  console.log(JSON.stringify(cost));
}
