import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { regMain } from "./peers.ts";

/** A registry of its own folder on a free loopback port. */
export interface BenchRegistry extends AsyncDisposable {
  readonly host: string;
  readonly folder: string;
}

export interface RegistryOptions {
  readonly tls?: boolean | undefined;
  /** Where its folder is made. Default: the system's temporary folder. */
  readonly root?: string | undefined;
}

export type RegistryKind = "distribution" | "embedded";

/** Starts a registry of this kind. */
export function startRegistry(kind: RegistryKind, options: RegistryOptions = {}): Promise<BenchRegistry> {
  return kind === "embedded" ? embedded(options) : distribution(options);
}

/** Debian's docker-registry (distribution 2.8): the counterpart every peer was written against. */
export async function distribution({
  tls = false,
  root = tmpdir(),
}: RegistryOptions = {}): Promise<BenchRegistry> {
  const folder = await mkdtemp(join(root, "reg-bench-registry-"));
  // Clients speak plain HTTP to a loopback address, and TLS to any name.
  const host = `${tls ? hostname() : "127.0.0.1"}:${await freePort()}`;
  const config = {
    version: 0.1,
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host, ...(tls && { tls: await selfSigned(folder) }) },
  };
  // JSON is YAML too.
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  return running(host, folder, ["docker-registry", "serve", join(folder, "config.yml")]);
}

/** `reg serve`, keeping everything in a folder. It speaks no TLS. */
export async function embedded({ root = tmpdir() }: RegistryOptions = {}): Promise<BenchRegistry> {
  const folder = await mkdtemp(join(root, "reg-bench-registry-"));
  const host = `127.0.0.1:${await freePort()}`;
  return running(host, folder, [
    ...[process.execPath, regMain, "serve"],
    ...["--addr", host, "--dir", join(folder, "data")],
  ]);
}

async function running(
  host: string,
  folder: string,
  [program = "", ...args]: readonly string[],
): Promise<BenchRegistry> {
  const child = spawn(program, args, { stdio: "ignore" });
  const failed = once(child, "error");
  const registry: BenchRegistry = {
    host,
    folder,
    async [Symbol.asyncDispose]() {
      await stop(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.race([answering(host, child), failed.then(([error]) => Promise.reject(error))]);
    return registry;
  } catch (error) {
    await registry[Symbol.asyncDispose]();
    throw new Error(`${program} did not start; is it installed?`, { cause: error });
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

async function selfSigned(folder: string): Promise<{ certificate: string; key: string }> {
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const made = spawn(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
      ...[
        "-subj",
        "/CN=bench",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        certificate,
      ],
    ],
    { stdio: "ignore" },
  );
  await once(made, "exit");
  return { certificate, key };
}

/** Enough for a busy machine. */
const START_SECONDS = 15;

/** A registry that takes connections is ready, whatever it speaks on them. */
async function answering(host: string, child: ChildProcess): Promise<void> {
  const [name, port] = host.split(":");
  for (let tries = 0; tries < START_SECONDS * 100 && child.exitCode === null; tries++) {
    const socket = connect(Number(port), name);
    const connected = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`nobody answers at ${host}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}
