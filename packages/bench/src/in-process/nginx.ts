import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A static web server, faster than any client: what it answers is the client's speed alone. */
export interface Stub extends AsyncDisposable {
  readonly host: string;
  /** Connections it has accepted so far, its own status request included. */
  connections(): Promise<number>;
}

export interface StubFile {
  /** Below the root, as in the URL's path. */
  readonly path: string;
  readonly body: string | Uint8Array;
}

/** Serves `files`, each with this media type and these headers, by nginx. */
export async function nginxStub(
  files: readonly StubFile[],
  mediaType: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stub> {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-nginx-"));
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
  const child = spawn("nginx", ["-c", join(folder, "nginx.conf"), "-p", folder], { stdio: "ignore" });
  const host = `127.0.0.1:${port}`;
  const status = async (): Promise<string | undefined> =>
    fetch(`http://${host}/status`, { headers: { connection: "close" } }).then(
      (answer) => answer.text(),
      () => undefined,
    );
  for (let tries = 0; (await status()) === undefined; tries++) {
    if (tries > 100) throw new Error("nginx did not start; is it installed?");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host,
    connections: async () => Number(/requests\s+(\d+)/.exec((await status()) ?? "")?.[1]),
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, "exit");
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
