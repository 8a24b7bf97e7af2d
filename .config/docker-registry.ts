import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./programs.ts";

/** A registry that runs until it is disposed of. */
export interface DockerRegistry extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
  /** `http://127.0.0.1:12345` */
  readonly origin: string;
}

export interface DockerRegistryOptions {
  /** Where it keeps its content, below `data`; left to the caller. Default: a temporary folder that goes with it. */
  readonly dir?: string;
  /** The `auth` part of its configuration; files it names may be written into `folder`. */
  readonly auth?: (folder: string) => object | Promise<object>;
}

/** How long it may take to answer for the first time, on a machine with other things to do. */
const START_SECONDS = 30;

/** Debian's docker-registry (CNCF distribution) on a free loopback port, its content in a temporary folder. */
export async function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<DockerRegistry> {
  const folder = options.dir ?? (await mkdtemp(join(tmpdir(), "reg-docker-registry-")));
  await mkdir(folder, { recursive: true });
  const host = `127.0.0.1:${await freePort()}`;
  const auth = await options.auth?.(folder);
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host, secret: "test" },
    ...(auth && { auth }),
  };
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const exited = once(child, "exit");
  const registry: DockerRegistry = {
    host,
    origin: `http://${host}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      if (options.dir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
  for (let attempt = 0; attempt < START_SECONDS * 20; attempt += 1) {
    if (child.exitCode !== null) break;
    if ((await fetch(`${registry.origin}/v2/`).catch(() => undefined)) !== undefined) return registry;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await registry[Symbol.asyncDispose]();
  throw new Error(`docker-registry does not answer: ${said}`);
}
