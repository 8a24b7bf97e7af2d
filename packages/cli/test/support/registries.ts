import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { basicAccess, createRegistry, folderStorage, serve } from "@reg/server";
import { must } from "./programs.ts";

/** A registry that listens on a port of its own. */
export interface RunningRegistry {
  /** `localhost:PORT` */
  readonly host: string;
  close(): Promise<void>;
}

export const USER = "ada";
export const PASSWORD = "love:lace";

/** Debian's docker-registry (distribution 2.8), keeping its content in a folder; with htpasswd where asked for. */
export async function startDistribution(dir: string, guarded: boolean): Promise<RunningRegistry> {
  mkdirSync(dir, { recursive: true });
  const port = await freePort();
  const auth: string[] = [];
  if (guarded) {
    writeFileSync(join(dir, "htpasswd"), await must("htpasswd", ["-nbB", USER, PASSWORD]));
    auth.push("auth:", "  htpasswd:", "    realm: test", `    path: ${join(dir, "htpasswd")}`);
  }
  const config = join(dir, "config.yml");
  writeFileSync(
    config,
    [
      "version: 0.1",
      "log: { level: error }",
      "storage:",
      `  filesystem: { rootdirectory: ${join(dir, "data")} }`,
      "  delete: { enabled: true }",
      `http: { addr: "127.0.0.1:${port}" }`,
      ...auth,
      "",
    ].join("\n"),
  );
  const child = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
  const host = `localhost:${port}`;
  await untilAnswers(child, host);
  return {
    host,
    close: async () => {
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill();
      await ended;
    },
  };
}

/** The embedded registry, keeping its content in a folder. */
export async function startEmbedded(dir: string, guarded: boolean): Promise<RunningRegistry> {
  const access = guarded ? { access: basicAccess({ users: { [USER]: PASSWORD } }) } : {};
  const listener = await serve(createRegistry({ storage: folderStorage(dir), ...access }));
  return { host: `localhost:${listener.port}`, close: () => listener.close() };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

async function untilAnswers(child: ChildProcess, host: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`docker-registry ended with ${child.exitCode}`);
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("docker-registry does not answer");
}
