import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What one run of the command left. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RegOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The command's own words before its arguments: Node, told to read the packages' sources. */
export const REG_COMMAND: readonly string[] = [
  process.execPath,
  "--conditions=@reg/source",
  "--no-warnings",
  MAIN,
];

/** An environment in which nobody has signed in anywhere and no proxy is set. */
export function cleanEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, XDG_RUNTIME_DIR: home, TERM: "xterm" };
}

/** Runs `reg` as a process of its own. */
export async function reg(words: readonly string[], options: RegOptions = {}): Promise<Ended> {
  const [node = "", ...before] = REG_COMMAND;
  const child = spawn(node, [...before, ...words], {
    env: { ...cleanEnvironment(options.cwd ?? "/nonexistent"), ...options.env },
    cwd: options.cwd,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const stdout = gather(child.stdout);
  const stderr = gather(child.stderr);
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, stdout: await stdout, stderr: await stderr };
}

async function gather(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
