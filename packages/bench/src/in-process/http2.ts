/** 512 MiB pulled over TLS by HTTP/1.1 and by HTTP/2 (undici's `allowH2`), in turn, from one registry. */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, openLayout } from "@reg/sdk";
import { benchImage, MIB } from "../network/images.ts";
import { distribution } from "../network/registry.ts";
import { formatTable, median } from "../table.ts";

const ROUNDS = 3;

await using registry = await distribution({ tls: true });
const root = join(tmpdir(), "reg-bench");
const { folder } = await benchImage(root, "512m", 8, 64 * MIB);
const reference = `${registry.host}/bench/512m:1.0`;
{
  await using client = createClient({ insecure: true });
  await client.push(await openLayout(folder), "1.0", reference);
}
const target = join(root, "target-http2");
const costs: Record<string, { wall: number; cpu: number }[]> = { "HTTP/1.1": [], "HTTP/2": [] };
for (let round = 0; round <= ROUNDS; round++)
  for (const [name, list] of Object.entries(costs)) {
    await rm(target, { recursive: true, force: true });
    const before = process.cpuUsage();
    const started = performance.now();
    await using client = createClient({ insecure: true, http2: name === "HTTP/2" });
    await client.pull(reference, await openLayout(target, { create: true }));
    const { user, system } = process.cpuUsage(before);
    if (round > 0) list.push({ wall: (performance.now() - started) / 1000, cpu: (user + system) / 1e6 });
  }
await rm(target, { recursive: true, force: true });
console.log(
  formatTable(
    ["512 MiB over TLS", "wall s", "cpu s"],
    Object.entries(costs).map(([name, list]) => [
      name,
      median(list.map(({ wall }) => wall)).toFixed(3),
      median(list.map(({ cpu }) => cpu)).toFixed(3),
    ]),
  ),
);
