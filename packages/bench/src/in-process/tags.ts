/** Tags: 20,000 in one answer, and a million through pages, with the requests it took and the memory it held. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createClient } from "@reg/sdk";
import { formatTable } from "../table.ts";

const server = fork(fileURLToPath(import.meta.resolve("./tag-server.ts")));
const [port] = (await once(server, "message")) as [number];
const host = `127.0.0.1:${port}`;
await using client = createClient();

const rows: string[][] = [];
for (const [count, pageSize] of [
  [20_000, undefined],
  [1_000_000, 1000],
] as const) {
  let seen = 0;
  const started = performance.now();
  for await (const _ of client.tags.list(`${host}/bench/${count}`, { pageSize })) seen += 1;
  const seconds = (performance.now() - started) / 1000;
  const requests = await (await fetch(`http://${host}/requests`)).text();
  // Of this process, from its start.
  const peakKib = Number(/VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);
  rows.push([String(seen), requests, seconds.toFixed(2), (peakKib / 1024).toFixed(0)]);
}
server.disconnect();
console.log(formatTable(["tags", "requests", "seconds", "peak MiB"], rows));
