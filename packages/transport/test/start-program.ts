import { type ChildProcess, spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Starts a server and waits until it listens; ended by its own process id. */
export async function startProgram(
  program: string,
  args: readonly string[],
  port: number,
): Promise<AsyncDisposable> {
  const child: ChildProcess = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let output = "";
  child.stderr?.on("data", (chunk) => {
    output += String(chunk);
  });
  const end = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await gone;
  };
  for (let turn = 0; turn < 1_200; turn++) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${output}`);
    if (await listens(port)) return { [Symbol.asyncDispose]: end };
    await sleep(25);
  }
  await end();
  throw new Error(`${program} does not listen: ${output}`);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
