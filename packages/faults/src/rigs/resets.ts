import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "../client.ts";
import { commandOf, type Figure, type Rig } from "./rig.ts";

const MEBIBYTES = 1024;
const LAYER_MEBIBYTES = 8;
const SHARES = [0, 0.01, 0.05, 0.2] as const;
/** Connections are kept for many requests: the dice are thrown anew for each layer's worth of bytes. */
const THROW_EVERY_BYTES = LAYER_MEBIBYTES * 1024 * 1024;
const TIMEOUT_MS = 600_000;

/** A copy between two registries over connections that break. */
export const resets: Rig = {
  name: "resets",
  what: "a copy of 1 GiB between registries, 0, 1, 5 and 20 % of connections reset in each 8 MiB",
  drives: "command",
  async run(options) {
    const client = commandOf(options);
    const layers = Math.max(1, Math.round((options.mebibytes ?? MEBIBYTES) / LAYER_MEBIBYTES));
    const figures: Figure[] = [];
    let plainBytes = 0;
    for (const share of SHARES) {
      const { exitCode, seconds, bytes, connections, broken } = await copyOver(client, layers, share);
      if (share === 0) plainBytes = bytes;
      const overhead = ((bytes / plainBytes - 1) * 100).toFixed(1);
      figures.push({
        name: `${share * 100} % of connections reset, in each ${LAYER_MEBIBYTES} MiB they carry`,
        value:
          `${exitCode === 0 ? "succeeded" : "failed"} in ${seconds.toFixed(1)} s, ${broken} of ${connections} connections ` +
          `broken, ${overhead} % more bytes than without`,
        holds: exitCode === 0,
      });
    }
    return figures;
  },
};

interface CopyFigures {
  readonly exitCode: number;
  readonly seconds: number;
  readonly bytes: number;
  readonly connections: number;
  readonly broken: number;
}

async function copyOver(client: Client, layers: number, share: number): Promise<CopyFigures> {
  // Only this rig needs a registry that holds a gigabyte.
  const { createRegistry, folderStorage, serve } = await import("@reg/server");
  const home = await mkdtemp(join(tmpdir(), "reg-faults-rig-"));
  const registryIn = async (name: string): ReturnType<typeof serve> =>
    serve(createRegistry({ storage: folderStorage(join(home, name), { durable: false }) }), {
      hostname: "127.0.0.1",
      port: 0,
    });
  const source = await registryIn("source");
  const target = await registryIn("target");
  const proxies = [
    await breakingProxy(Number(source.port), share),
    await breakingProxy(Number(target.port), share),
  ];
  try {
    await fill(`http://127.0.0.1:${source.port}`, layers);
    const [from, to] = proxies.map(({ port }) => `127.0.0.1:${port}/demo/app:1.0`);
    const outcome = await client.run(
      { verb: "copy", from: from ?? "", to: to ?? "" },
      { home, plainHttp: true, timeoutMs: TIMEOUT_MS },
    );
    return {
      exitCode: outcome.exitCode,
      seconds: outcome.durationMs / 1000,
      bytes: sum(proxies.map(({ bytes }) => bytes())),
      connections: sum(proxies.map(({ connections }) => connections())),
      broken: sum(proxies.map(({ broken }) => broken())),
    };
  } finally {
    for (const proxy of proxies) proxy.close();
    await source.close();
    await target.close();
    await rm(home, { recursive: true, force: true });
  }
}

interface BreakingProxy {
  readonly port: number;
  readonly bytes: () => number;
  readonly connections: () => number;
  readonly broken: () => number;
  close(): void;
}

/** Passes bytes on, and resets a share of the connections somewhere in their first megabytes. */
async function breakingProxy(upstream: number, share: number): Promise<BreakingProxy> {
  let [bytes, connections, broken] = [0, 0, 0];
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(upstream, "127.0.0.1");
    connections += 1;
    let passed = 0;
    let resetAt = throwDice(share);
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      passed += chunk.length;
      if (passed > THROW_EVERY_BYTES) {
        passed -= THROW_EVERY_BYTES;
        resetAt = throwDice(share);
      }
      if (passed < resetAt || near.destroyed) return;
      broken += 1;
      near.resetAndDestroy();
      far.destroy();
    };
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("data", count);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    bytes: () => bytes,
    connections: () => connections,
    broken: () => broken,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Where in its next bytes a connection breaks; mostly nowhere. */
function throwDice(share: number): number {
  return Math.random() < share ? Math.random() * THROW_EVERY_BYTES : Number.POSITIVE_INFINITY;
}

/** Puts an image of so many layers into a registry. */
async function fill(url: string, layers: number): Promise<void> {
  const put = async (bytes: Buffer): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
    const body = new Uint8Array(bytes);
    const answer = await fetch(`${url}/v2/demo/app/blobs/uploads/?digest=${digest}`, {
      method: "POST",
      body,
    });
    if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
    return { digest, size: bytes.length };
  };
  const config = { mediaType: "application/vnd.oci.image.config.v1+json", ...(await put(Buffer.from("{}"))) };
  const entries: object[] = [];
  for (let index = 0; index < layers; index++)
    entries.push({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      ...(await put(randomBytes(LAYER_MEBIBYTES * 1024 * 1024))),
    });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const answer = await fetch(`${url}/v2/demo/app/manifests/1.0`, {
    method: "PUT",
    headers: { "Content-Type": mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config, layers: entries }),
  });
  if (answer.status !== 201) throw new Error(`the registry answered ${answer.status}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
