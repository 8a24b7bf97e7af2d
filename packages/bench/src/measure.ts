import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Cost } from "./job.ts";

export type Measured = Omit<Cost, "round">;

export interface MeasureOptions {
  /** How often the command runs; the cost is that of one. Default 1. */
  readonly times?: number | undefined;
  /** It prints its own wall time, CPU time and peak as the last line of its output, in JSON. Default false. */
  readonly reports?: boolean | undefined;
  /** Beside this program's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** After so long it is ended, and is a failure. Default 60. */
  readonly timeoutSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who takes longer for a job holds everybody up: a peer that pushes layer by layer, 80 ms away, takes a minute and a half. */
const TIMEOUT_SECONDS = 60;

/** How often a command's memory is looked at. */
const LOOK_MILLISECONDS = 10;

/** Runs a command to its end; its output only shows where it fails. */
export async function measure(
  command: readonly string[],
  { times = 1, reports = false, env, timeoutSeconds = TIMEOUT_SECONDS, signal }: MeasureOptions = {},
): Promise<Measured> {
  signal?.throwIfAborted();
  const before = process.cpuUsage();
  // The shell's own `time` has what Node does not give: the CPU time of a child that ended.
  const script = `TIMEFORMAT=$'\\n%R %U %S'; time for ((i = 0; i < ${times}; i++)); do "$@" || exit; done`;
  const child = spawn("bash", ["-c", script, "bash", ...command], {
    env: { ...process.env, ...env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "pipe"],
    // A group of its own, so that what it started ends with it.
    detached: true,
  });
  const said = { output: "", errors: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.output = tail(said.output + chunk.toString("utf8"));
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.errors = tail(said.errors + chunk.toString("utf8"));
  });
  let peakBytes = 0;
  const watch = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakBelow(child.pid));
  }, LOOK_MILLISECONDS);
  const exitCode = await ended(child, timeoutSeconds, signal).finally(() => clearInterval(watch));
  const { user, system } = process.cpuUsage(before);
  const benchCpuSeconds = (user + system) / 1e6;
  const lines = said.errors.trimEnd().split("\n");
  if (exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${lines.slice(-5).join("\n")}`);
  if (reports) {
    const own = JSON.parse(said.output.trimEnd().split("\n").at(-1) ?? "") as Measured; // our own scripts print it
    return { ...own, benchCpuSeconds };
  }
  const [wall = Number.NaN, userTime = 0, systemTime = 0] = (lines.at(-1) ?? "").split(" ").map(Number);
  return {
    wallSeconds: wall / times,
    cpuSeconds: (userTime + systemTime) / times,
    peakBytes,
    benchCpuSeconds,
  };
}

/** The exit code. A command that takes too long, or is not wanted any more, is ended with all it started. */
async function ended(
  child: ChildProcess,
  timeoutSeconds: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const limit = AbortSignal.timeout(timeoutSeconds * 1000);
  const either = signal === undefined ? limit : AbortSignal.any([limit, signal]);
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  };
  either.addEventListener("abort", end, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        if (signal?.aborted === true) reject(signal.reason);
        else if (limit.aborted) reject(new Error(`it took more than ${timeoutSeconds} s`));
        else resolve(code ?? -1);
      });
    });
  } finally {
    either.removeEventListener("abort", end);
  }
}

/** The end of a text says why something failed. */
function tail(text: string): string {
  return text.slice(-10_000);
}

/** The highest memory of all that runs below a process at this moment, added up; its own shell apart. */
function peakBelow(pid: string | number | undefined): number {
  return childrenOf(pid).reduce((sum, child) => sum + peakOf(child) + peakBelow(child), 0);
}

function childrenOf(pid: string | number | undefined): readonly string[] {
  return read(`/proc/${pid}/task/${pid}/children`)
    .split(" ")
    .filter((part) => part !== "");
}

function peakOf(pid: string): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Processes come and go while they are looked at. */
function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
