import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** What one run of a command cost, as the system accounts for it. */
export interface Cost {
  readonly wallSeconds: number;
  /** User and system time of the command and what it started. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** Runs a command to its end; its output only shows where it fails. */
export async function measure(
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Cost> {
  // The shell's own `time` has what Node does not give: the CPU time of a child that ended.
  const child = spawn("bash", ["-c", "TIMEFORMAT=$'\\n%R %U %S'; time \"$@\" >&2", "bash", ...command], {
    env: { ...process.env, LC_ALL: "C", ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => {
    output += chunk.toString("utf8");
  });
  let peakBytes = 0;
  const watch = setInterval(() => {
    for (const pid of childrenOf(child.pid)) peakBytes = Math.max(peakBytes, peakOf(pid));
  }, 10);
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve(code ?? -1));
  });
  clearInterval(watch);
  const lines = output.trimEnd().split("\n");
  const [wall, user, system] = (lines.pop() ?? "").split(" ").map(Number);
  if (exitCode !== 0)
    throw new Error(`${command.join(" ")} ended with ${exitCode}:\n${lines.slice(-5).join("\n")}`);
  return { wallSeconds: wall ?? Number.NaN, cpuSeconds: (user ?? 0) + (system ?? 0), peakBytes };
}

function childrenOf(pid: number | undefined): readonly string[] {
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
