/** HEAD of 20,000 manifests: this client beside undici as it comes, in turn, against nginx. */
import { createClient, digestOf } from "@reg/sdk";
import { Agent, request } from "undici";
import { formatTable, median } from "../table.ts";
import { nginxStub } from "./nginx.ts";

const COUNT = 20_000;
const IN_FLIGHT = 64;
const ROUNDS = 5;
const CONNECTIONS = 16;

const mediaType = "application/vnd.oci.image.manifest.v1+json";
const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: {}, layers: [] });
await using stub = await nginxStub([{ path: "v2/bench/app/manifests/1.0", body: manifest }], mediaType, {
  "Docker-Content-Digest": digestOf(Buffer.from(manifest)),
});
await using client = createClient({ connections: CONNECTIONS });
const reference = `${stub.host}/bench/app:1.0`;
const url = `http://${stub.host}/v2/bench/app/manifests/1.0`;

const candidates = {
  "client.manifests.head": () => client.manifests.head(reference),
  "undici request": async () => {
    const { body } = await request(url, { method: "HEAD", dispatcher: plain });
    await body.dump();
  },
};
const plain = new Agent({ connections: CONNECTIONS });

const rates: Record<string, number[]> = { "client.manifests.head": [], "undici request": [] };
const opened: Record<string, number> = {};
for (let round = 0; round <= ROUNDS; round++)
  for (const [name, head] of Object.entries(candidates)) {
    const before = await stub.connections();
    const started = performance.now();
    let left = COUNT;
    await Promise.all(
      Array.from({ length: IN_FLIGHT }, async () => {
        while (left-- > 0) await head();
      }),
    );
    const rate = COUNT / ((performance.now() - started) / 1000);
    if (round > 0) rates[name]?.push(rate);
    opened[name] = (await stub.connections()) - before - 1;
  }
await plain.close();

const ours = median(rates["client.manifests.head"] ?? []);
console.log(
  formatTable(
    ["HEAD", "requests/s", "connections a round", "ours/its"],
    Object.entries(rates).map(([name, values]) => [
      name,
      median(values).toFixed(0),
      String(opened[name]),
      (ours / median(values)).toFixed(2),
    ]),
  ),
);
