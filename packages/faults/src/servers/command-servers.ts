import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { RunningServer, Server } from "./server.ts";

/** How long a server may take until it listens, on a machine with other things to do. */
const START_SECONDS = 30;

/** `reg serve`; undefined where the program is not found. */
export async function regServer(program: readonly string[] = ["reg"]): Promise<Server | undefined> {
  const [command = "", ...first] = program;
  const version = await versionOf(command, [...first, "--version"]);
  if (version === undefined) return undefined;
  return {
    name: "reg serve",
    version,
    features: new Set(["folder", "loopback"]),
    start: async ({ folder, inMemory = false }) => {
      const where = inMemory ? [] : ["--dir", folder];
      const args = [...first, "serve", "--addr", "127.0.0.1:0", ...where, "--json"];
      const child = spawn(command, args, { stdio: ["ignore", "pipe", "ignore"] });
      const line = await firstLineOf(child);
      // The command's own result: {url, port, dir}.
      const { url } = JSON.parse(line) as { readonly url: string };
      return running(child, url);
    },
  };
}

/** CNCF distribution, by its name in Debian; undefined where the program is not found. */
export async function distributionServer(): Promise<Server | undefined> {
  const command = "docker-registry";
  const version = await versionOf(command, ["--version"]);
  if (version === undefined) return undefined;
  return {
    name: "distribution",
    version,
    features: new Set(["no-deletes", "folder", "loopback"]),
    start: async ({ folder, deletes = true }) => {
      const port = await freePort();
      const config = {
        version: 0.1,
        log: { level: "error", accesslog: { disabled: true } },
        storage: { filesystem: { rootdirectory: folder }, delete: { enabled: deletes } },
        http: { addr: `127.0.0.1:${port}`, secret: "of this run" },
      };
      const file = join(dirname(folder), "config.yml");
      // JSON is YAML.
      await writeFile(file, JSON.stringify(config));
      const child = spawn(command, ["serve", file], { stdio: "ignore" });
      await answering(child, port);
      return running(child, `http://127.0.0.1:${port}`);
    },
  };
}

async function versionOf(command: string, args: readonly string[]): Promise<string | undefined> {
  return promisify(execFile)(command, args).then(
    ({ stdout }) => /v?\d+\.\d+[\w.+-]*/.exec(stdout)?.[0] ?? stdout.trim(),
    () => undefined,
  );
}

function running(child: ChildProcess, url: string): RunningServer {
  return {
    url,
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "close");
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(5000, undefined, { ref: false })]);
      child.kill("SIGKILL");
    },
  };
}

async function firstLineOf(child: ChildProcess): Promise<string> {
  let text = "";
  const ended = once(child, "close").then(() => {
    throw new Error("the server ended before it listened");
  });
  const said = (async () => {
    for await (const chunk of child.stdout ?? []) {
      text += String(chunk);
      if (text.includes("\n")) return text.slice(0, text.indexOf("\n"));
    }
    return text;
  })();
  return Promise.race([said, ended]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return address.port;
}

async function answering(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < START_SECONDS * 20 && child.exitCode === null; tries++) {
    const socket = connect(port, "127.0.0.1");
    const open = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (open) return;
    await sleep(50);
  }
  throw new Error("the server did not come to listen");
}
