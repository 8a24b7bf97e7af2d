import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether programs are there; with `REG_INTEROP=required` a missing one is a failure. */
export function havePrograms(...names: readonly string[]): boolean {
  const missing = names.filter((name) => spawnSync("sh", ["-c", `command -v ${name}`]).status !== 0);
  if (missing.length > 0 && process.env["REG_INTEROP"] === "required") {
    throw new Error(`not installed: ${missing.join(", ")}`);
  }
  return missing.length === 0;
}

export interface DockerRegistry extends AsyncDisposable {
  readonly host: string;
  readonly origin: string;
}

/** A CNCF distribution registry on a free loopback port, its content in a temporary folder. */
export async function startDockerRegistry(
  auth: (folder: string) => Promise<object>,
): Promise<DockerRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "reg-auth-registry-"));
  const port = await freePort();
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}`, secret: "test" },
    auth: await auth(folder),
  };
  // JSON is YAML.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], OTEL_TRACES_EXPORTER: "none" },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const origin = `http://127.0.0.1:${port}`;
  await waitFor(origin, () => (child.exitCode === null ? undefined : `docker-registry ended: ${errors}`));
  return {
    host: `127.0.0.1:${port}`,
    origin,
    async [Symbol.asyncDispose]() {
      const ended = once(child, "exit");
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function waitFor(origin: string, failure: () => string | undefined): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const failed = failure();
    if (failed !== undefined) throw new Error(failed);
    try {
      await fetch(`${origin}/v2/`);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  throw new Error(`${origin} did not come up`);
}
