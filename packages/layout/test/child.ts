import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Child {
  readonly process: ChildProcess;
  /** Resolves with the first line it prints. */
  readonly firstLine: Promise<string>;
  /** Resolves when it has printed so many lines, or ended before. */
  line(count: number): Promise<void>;
  /** Resolves when it has ended: everything it printed, and how it ended. */
  readonly ended: Promise<{
    readonly output: string;
    readonly code: number | null;
    readonly signal: string | null;
  }>;
}

/** Starts a TypeScript program in a process of its own; `prefix` is a shell's, such as a limit. */
export function child(program: URL, args: readonly string[], prefix?: string): Child {
  const file = fileURLToPath(program);
  const node = [process.execPath, "--conditions=@reg/source", "--no-warnings", file, ...args];
  const [command = "", ...rest] =
    prefix === undefined ? node : ["sh", "-c", `${prefix}; exec "$@"`, "sh", ...node];
  const started = spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const firstLine = new Promise<string>((resolve, reject) => {
    started.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const end = output.indexOf("\n");
      if (end >= 0) resolve(output.slice(0, end));
    });
    started.on("close", () => reject(new Error(`It ended before it printed a line: ${errors}`)));
  });
  let errors = "";
  started.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  firstLine.catch(() => {});
  const ended = once(started, "close").then(([code, signal]) => {
    if (code !== 0 && code !== null) throw new Error(`${file} ended with ${String(code)}: ${errors}`);
    // What Node's documentation says a close event carries.
    return { output, code: code as number | null, signal: signal as string | null };
  });
  ended.catch(() => {});
  const line = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (output.split("\n").length > count) resolve();
      };
      started.stdout.on("data", look);
      started.on("close", () => resolve());
      look();
    });
  return { process: started, firstLine, line, ended };
}
