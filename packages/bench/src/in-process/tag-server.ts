/** Serves as many tags as the URL's repository says (`bench/20000`), and counts requests; a child of the measurement. */
import { createServer } from "node:http";

const name = (index: number): string => `v1.0.${String(index).padStart(7, "0")}`;
let requests = 0;
let connections = 0;
const server = createServer((request, response) => {
  requests += 1;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://registry");
  const total = Number(pathname.split("/")[3]);
  const from = Number(searchParams.get("last")?.slice(5) ?? -1) + 1;
  const size = Number(searchParams.get("n") ?? total);
  const tags = Array.from({ length: Math.min(size, total - from) }, (_, index) => name(from + index));
  const last = tags.at(-1);
  if (last !== undefined && from + size < total)
    response.setHeader("link", `<${pathname}?last=${last}&n=${size}>; rel="next"`);
  response.setHeader("content-type", "application/json").end(JSON.stringify({ name: "bench", tags }));
});
server.on("connection", () => {
  connections += 1;
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") process.send?.(address?.port);
});
// Asked for the counts since it was asked last.
process.on("message", () => {
  process.send?.({ requests, connections });
  requests = 0;
  connections = 0;
});
process.once("disconnect", () => process.exit());
