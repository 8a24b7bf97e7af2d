import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { Rig } from "./rig.ts";

const SECONDS = 600;
const AT_ONCE = 1000;
const SAMPLES = 60;
/** Caches fill and code is compiled in the first part of the run; a slope there says nothing. */
const WARM_UP = 1 / 3;

/** The server's side, on a thread of its own: its memory is not what is measured. */
const SERVER = `
const { createServer } = require("node:http");
const { createHash } = require("node:crypto");
const { parentPort } = require("node:worker_threads");
const bytes = Buffer.from('{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}');
const digest = "sha256:" + createHash("sha256").update(bytes).digest("hex");
const server = createServer((request, response) => {
  response.writeHead(200, {
    "Content-Type": "application/vnd.oci.image.manifest.v1+json",
    "Content-Length": bytes.length,
    "Docker-Content-Digest": digest,
  });
  response.end(request.method === "HEAD" ? undefined : bytes);
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
`;

/** A service's client under load, for long. */
export const soak: Rig = {
  name: "soak",
  what: "1,000 concurrent requests for ten minutes with one client",
  drives: "packages",
  async run(options) {
    const { createClient } = await import("@reg/sdk");
    const seconds = options.seconds ?? SECONDS;
    const server = new Worker(SERVER, { eval: true });
    const port = await new Promise<number>((resolve) => server.once("message", resolve));
    const client = createClient({ plainHttp: true });
    const started = performance.now();
    const end = started + seconds * 1000;
    let [done, failed] = [0, 0];
    let firstFailure = "";
    const load = Array.from({ length: AT_ONCE }, async (_, lane) => {
      while (performance.now() < end) {
        const reference = `127.0.0.1:${port}/demo/app${lane % 50}:1.0`;
        const call = lane % 2 === 0 ? client.manifests.get(reference) : client.manifests.digest(reference);
        await call.then(
          () => {
            done += 1;
          },
          (error: unknown) => {
            failed += 1;
            firstFailure ||= `, the first with ${String(error)}`;
          },
        );
      }
    });
    const samples: { readonly seconds: number; readonly mebibytes: number }[] = [];
    let most = 0;
    for (let sample = 0; sample < SAMPLES; sample++) {
      // By the clock: collecting takes its time, above all where other work keeps the processors busy.
      await sleep(Math.max(0, started + ((sample + 1) * seconds * 1000) / SAMPLES - performance.now()));
      globalThis.gc?.();
      most = Math.max(most, sockets());
      const { heapUsed, external } = process.memoryUsage();
      samples.push({
        seconds: (performance.now() - started) / 1000,
        mebibytes: (heapUsed + external) / 1024 / 1024,
      });
    }
    await Promise.all(load);
    await client.close();
    await sleep(500);
    const left = sockets();
    await server.terminate();
    const perMinute = slope(samples.slice(Math.floor(SAMPLES * WARM_UP))) * 60;
    return [
      { name: "requests", value: `${done} in ${seconds} s (${Math.round(done / seconds)}/s)` },
      { name: "failed", value: `${failed}${firstFailure}`, holds: failed === 0 },
      {
        name: `memory slope${globalThis.gc === undefined ? " (without --expose-gc: rough)" : ""}`,
        value: `${perMinute.toFixed(2)} MiB a minute, from ${(samples.at(-1)?.mebibytes ?? 0).toFixed(0)} MiB`,
        holds: perMinute < 5,
      },
      { name: "sockets at most", value: String(most) },
      { name: "sockets left after close", value: String(left), holds: left === 0 },
    ];
  },
};

function sockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "TCPSocketWrap" || name === "TCPWRAP")
    .length;
}

/** Least squares: MiB a second. */
function slope(samples: readonly { readonly seconds: number; readonly mebibytes: number }[]): number {
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const x = mean(samples.map((one) => one.seconds));
  const y = mean(samples.map((one) => one.mebibytes));
  const over = samples.reduce((total, one) => total + (one.seconds - x) * (one.mebibytes - y), 0);
  return over / samples.reduce((total, one) => total + (one.seconds - x) ** 2, 0);
}
