import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { expect, test } from "vitest";
import { delayProxy, startsRequest } from "../src/network/delay-proxy.ts";

/** A server that treats each connection so. */
async function serving(treat: (socket: Socket) => void): Promise<Server & { readonly host: string }> {
  const server = createServer(treat).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return Object.assign(server, { host: `127.0.0.1:${address.port}` });
}

function dial(host: string): Socket {
  const [name, port] = host.split(":");
  return connect(Number(port), name);
}

test("requests are told from what they carry", () => {
  for (const head of [
    "GET /v2/ HTTP/1.1\r\n",
    "HEAD /v2/a/manifests/1",
    "PUT /v2/a",
    "POST /v2/",
    "PATCH /x",
    "DELETE /x",
  ])
    expect(startsRequest(Buffer.from(head))).toBe(true);
  for (const content of [
    "",
    "G",
    "get /v2/",
    "GETTING",
    "HTTP/1.1 200 OK",
    "\u0016\u0003\u0001",
    '{"a":"GET /"}',
  ])
    expect(startsRequest(Buffer.from(content))).toBe(false);
});

test("connections and requests are counted, from the last reset on", async () => {
  const server = await serving((socket) =>
    socket.on("data", () => socket.write("HTTP/1.1 204 No Content\r\n\r\n")),
  );
  await using proxy = await delayProxy(server.host, 0);
  const socket = dial(proxy.host);
  for (const head of ["GET /v2/ HTTP/1.1\r\n\r\n", "PUT /v2/x HTTP/1.1\r\n\r\n"]) {
    socket.write(head);
    await once(socket, "data");
  }
  expect(proxy.counts()).toEqual({ connections: 1, requests: 2 });
  proxy.reset();
  socket.write("HEAD /v2/ HTTP/1.1\r\n\r\n");
  await once(socket, "data");
  expect(proxy.counts()).toEqual({ connections: 0, requests: 1 });
  socket.destroy();
  server.close();
});

test.each([0, 4])(
  "everything arrives whole and in order, %i ms away, from a server that closes at once",
  async (ms) => {
    // More than one side's buffers hold.
    const content = randomBytes(24 * 1024 * 1024);
    const server = await serving((socket) => {
      socket.resume().end(content);
    });
    await using proxy = await delayProxy(server.host, ms);
    const received = await buffer(dial(proxy.host));
    expect(received.equals(content)).toBe(true);
    server.close();
  },
);

test("a connection that breaks behind the proxy breaks before it", async () => {
  const server = await serving((socket) => socket.once("data", () => socket.resetAndDestroy()));
  await using proxy = await delayProxy(server.host, 0);
  const socket = dial(proxy.host);
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\n\r\n");
  await once(socket, "close");
  server.close();
});
