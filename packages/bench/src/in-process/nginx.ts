import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Counts } from "../job.ts";

/** A static web server, faster than any client: what it answers is the client's speed alone. */
export interface Stub extends AsyncDisposable {
  readonly host: string;
  /** What it serves is in `www` below it. */
  readonly folder: string;
  /** What it has accepted and answered so far, this question included. */
  counts(): Promise<Counts>;
}

export interface StubFile {
  /** Below the root, as in the URL's path. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

/** Serves `files`, each with this media type and these headers, by nginx; its folder is made in `root`. */
export async function nginxStub(
  files: readonly StubFile[],
  mediaType: string,
  headers: Readonly<Record<string, string>> = {},
  root: string = tmpdir(),
): Promise<Stub> {
  const folder = await mkdtemp(join(root, "reg-bench-nginx-"));
  for (const { path, body } of files) {
    await mkdir(join(folder, "www", path, ".."), { recursive: true });
    await writeFile(join(folder, "www", path), body);
  }
  const port = await freePort();
  const added = Object.entries(headers)
    .map(([name, value]) => `add_header ${name} "${value}";`)
    .join(" ");
  await writeFile(
    join(folder, "nginx.conf"),
    `worker_processes 1; pid ${folder}/pid; error_log /dev/null; daemon off; user root;
     events { worker_connections 4096; }
     http {
       access_log off; keepalive_requests 10000000; types { } default_type "${mediaType}"; sendfile on;
       server { listen 127.0.0.1:${port}; root ${folder}/www; ${added} location = /status { stub_status; } }
     }`,
  );
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], {
    stdio: "ignore",
    // Where Debian puts it, and not everybody looks.
    env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin` },
  });
  let missing = false;
  child.once("error", () => {
    missing = true;
  });
  const host = `127.0.0.1:${port}`;
  const status = async (): Promise<string | undefined> =>
    fetch(`http://${host}/status`, { headers: { connection: "close" } }).then(
      (answer) => answer.text(),
      () => undefined,
    );
  for (let tries = 0; (await status()) === undefined; tries++) {
    if (tries > 100 || missing || child.exitCode !== null)
      throw new Error("nginx did not start; is it installed?");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    folder,
    async counts() {
      // "server accepts handled requests", and below it " 12 12 345"
      const [connections = Number.NaN, , requests = Number.NaN] =
        /\n\s*(\d+) (\d+) (\d+)/
          .exec((await status()) ?? "")
          ?.slice(1)
          .map(Number) ?? [];
      return { connections, requests };
    },
    async [Symbol.asyncDispose]() {
      const exit = once(child, "exit");
      child.kill();
      await exit;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
