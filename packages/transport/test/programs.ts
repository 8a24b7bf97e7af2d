import { type ChildProcess, execFile, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Whether all of these are installed; an error where they have to be (REG_INTEROP=required). */
export function haveAll(...names: readonly string[]): boolean {
  const missing = names.filter((name) => !have(name));
  if (missing.length > 0 && process.env["REG_INTEROP"] === "required") {
    throw new Error(`These programs are required and not installed: ${missing.join(", ")}`);
  }
  return missing.length === 0;
}

export async function run(program: string, args: readonly string[]): Promise<string> {
  return (await execute(program, [...args])).stdout;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise<void>((closed) => server.close(() => closed()));
  if (address === null || typeof address === "string") throw new Error("No port is free");
  return address.port;
}

export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "reg-transport-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Starts a server and waits until it listens; ended by its own process id. */
export async function serve(
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
  for (let turn = 0; turn < 200; turn++) {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${output}`);
    if (await listens(port)) return { [Symbol.asyncDispose]: end };
    await sleep(25);
  }
  await end();
  throw new Error(`${program} does not listen: ${output}`);
}

function have(name: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
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
