import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** A registry of its own folder on a free loopback port. */
export interface BenchRegistry extends AsyncDisposable {
  readonly host: string;
}

/** Debian's docker-registry (distribution 2.8): the counterpart every peer was written against. */
export async function distribution({ tls = false } = {}): Promise<BenchRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "reg-bench-registry-"));
  const port = await freePort();
  // Clients speak plain HTTP to a loopback address, and TLS to any name.
  const host = `${tls ? hostname() : "127.0.0.1"}:${port}`;
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host, ...(tls && { tls: await selfSigned(folder) }) },
  };
  // JSON is YAML too.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = spawn("docker-registry", ["serve", join(folder, "config.yml")], { stdio: "ignore" });
  await answering(host);
  return {
    host,
    async [Symbol.asyncDispose]() {
      child.kill();
      await once(child, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function selfSigned(folder: string): Promise<{ certificate: string; key: string }> {
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const made = spawn(
    "openssl",
    ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"].concat([
      "-subj",
      "/CN=bench",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      certificate,
    ]),
    { stdio: "ignore" },
  );
  await once(made, "exit");
  return { certificate, key };
}

/** A registry that takes connections is ready, whatever it speaks on them. */
async function answering(host: string): Promise<void> {
  const [name, port] = host.split(":");
  for (let tries = 0; tries < 100; tries++) {
    const socket = connect(Number(port), name);
    const connected = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("docker-registry did not start; is it installed?");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
