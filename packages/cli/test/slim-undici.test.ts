import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { quickBuiltins } from "../bundle/quick-builtins.ts";
import { slimUndici } from "../bundle/slim-undici.ts";

let folder = "";
let engine: typeof import("@reg/transport/undici");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slim-undici-"));
  const outfile = join(folder, "engine.mjs");
  await build({
    entryPoints: [fileURLToPath(new URL("../../transport/src/undici.ts", import.meta.url))],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    plugins: [slimUndici(), quickBuiltins()],
  });
  engine = await import(pathToFileURL(outfile).href);
});

afterAll(() => rm(folder, { recursive: true }));

/** Answers each connection's first bytes with `answer`, and tells their first line. */
async function respond(
  answer: string,
): Promise<{ readonly url: string; readonly lines: string[]; close(): void }> {
  const lines: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.once("data", (bytes) => {
      lines.push(bytes.toString("latin1").split("\r\n", 1)[0] ?? "");
      socket.end(answer);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has an address of this shape.
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { url: `http://127.0.0.1:${port}`, lines, close };
}

it("the engine that the command is bundled with sends a request and reads its answer", async () => {
  const server = await respond("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
  const send = engine.undiciTransport();
  const response = await send({ method: "GET", url: new URL(`${server.url}/v2/`), headers: {} });
  expect(response.status).toBe(200);
  expect(Buffer.from(await response.body.bytes(10)).toString()).toBe("hi");
  await send.close();
  server.close();
});

it("it asks a proxy for a tunnel to a registry that speaks https", async () => {
  const proxy = await respond("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
  const send = engine.undiciTransport({ proxy: proxy.url });
  const sent = send({ method: "GET", url: new URL("https://registry.test/v2/"), headers: {} });
  await expect(sent).rejects.toThrow();
  expect(proxy.lines).toEqual(["CONNECT registry.test:443 HTTP/1.1"]);
  await send.close();
  proxy.close();
});
