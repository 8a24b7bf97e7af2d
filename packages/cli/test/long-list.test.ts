import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { reg } from "./support/reg.ts";

const PAGE = 10_000;

test("a list of 100,000 tags over ten pages is one JSON document, in order", async () => {
  const server = createServer((request, response) => {
    const start = Number(new URL(request.url ?? "/", "http://x").searchParams.get("last") ?? 0);
    const tags = Array.from({ length: PAGE }, (_, index) => `t${start + index}`);
    const next = start + PAGE;
    const link = next < 10 * PAGE ? { link: `</v2/a/b/tags/list?last=${next}>; rel="next"` } : {};
    response.writeHead(200, { "content-type": "application/json", ...link });
    response.end(JSON.stringify({ name: "a/b", tags }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A server that listens on a port has an address of this form.
  const { port } = server.address() as AddressInfo;
  const { stdout, code } = await reg(["tags", `localhost:${port}/a/b`, "--json"]);
  const lines = await reg(["tags", `localhost:${port}/a/b`]);
  server.close();
  const { tags } = JSON.parse(stdout);
  expect(code).toBe(0);
  expect(tags).toHaveLength(10 * PAGE);
  expect(tags.at(-1)).toBe("t99999");
  expect(lines.stdout.split("\n")).toHaveLength(10 * PAGE + 1);
});
