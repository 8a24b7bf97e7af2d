import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = "/usr/bin/docker-registry";

/** Whether Debian's docker-registry is there; where it has to be, its absence fails the tests. */
export const hasDockerRegistry: boolean = existsSync(PROGRAM) || process.env["REG_INTEROP"] === "required";

export interface RunningRegistry extends AsyncDisposable {
  /** `127.0.0.1:12345` */
  readonly host: string;
}

/** Starts the registry on a free port of the loopback interface, with an empty folder. */
export async function startDockerRegistry(
  options: { readonly deletes?: boolean } = {},
): Promise<RunningRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "client-registry-"));
  const port = await freePort();
  const config = join(folder, "config.yml");
  await writeFile(
    config,
    [
      "version: 0.1",
      "log: { level: error, accesslog: { disabled: true } }",
      "storage:",
      `  filesystem: { rootdirectory: ${join(folder, "data")} }`,
      `  delete: { enabled: ${String(options.deletes ?? true)} }`,
      `http: { addr: "127.0.0.1:${port}" }`,
      "",
    ].join("\n"),
  );
  const child = spawn(PROGRAM, ["serve", config], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const host = `127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt += 1) {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer?.ok === true) break;
    if (attempt > 200) throw new Error("docker-registry does not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
