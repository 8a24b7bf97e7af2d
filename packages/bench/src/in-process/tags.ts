/** Tags: 20,000 in one answer, and a million through pages, with the requests it took and the memory it held. */
import { createServer } from "node:http";
import { createClient } from "@reg/sdk";
import { formatTable } from "../table.ts";

const name = (index: number): string => `v1.0.${String(index).padStart(7, "0")}`;
let requests = 0;
let total = 0;
const server = createServer((request, response) => {
  requests += 1;
  const { searchParams } = new URL(request.url ?? "/", "http://registry");
  const from = Number(searchParams.get("last")?.slice(5) ?? -1) + 1;
  const size = Number(searchParams.get("n") ?? 20_000);
  const tags = Array.from({ length: Math.min(size, total - from) }, (_, index) => name(from + index));
  const last = tags.at(-1);
  if (last !== undefined && from + size < total)
    response.setHeader("link", `</v2/bench/app/tags/list?last=${last}&n=${size}>; rel="next"`);
  response.setHeader("content-type", "application/json").end(JSON.stringify({ name: "bench/app", tags }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = server.address();
const host = typeof address === "object" ? `127.0.0.1:${address?.port}` : "";
await using client = createClient();

const rows: string[][] = [];
for (const [count, pageSize] of [
  [20_000, undefined],
  [1_000_000, 1000],
] as const) {
  total = count;
  requests = 0;
  let seen = 0;
  let peak = 0;
  const started = performance.now();
  for await (const _ of client.tags.list(`${host}/bench/app`, { pageSize })) {
    seen += 1;
    if (seen % 10_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  const seconds = (performance.now() - started) / 1000;
  rows.push([String(seen), String(requests), seconds.toFixed(2), (peak / 2 ** 20).toFixed(0)]);
}
server.close();
console.log(formatTable(["tags", "requests", "seconds", "peak MiB, server included"], rows));
