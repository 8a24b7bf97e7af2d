import { createConnection } from "node:net";
import { digestOf, MEDIA_TYPES } from "@reg/content";
import { expect, test } from "vitest";
import { createRegistry, memoryStorage, serve, tokenAccess } from "../src/index.ts";
import { bytesOf, noise, overHttp, pushBlob } from "./support.ts";

test("a name that is not loopback's is 403 on a loopback address", async () => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  const statusOf = async (host: string): Promise<string> =>
    (await raw(listener.port, `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).slice(
      9,
      12,
    );
  for (const host of ["evil", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example", ""]) {
    expect(await statusOf(host), host).toBe("403");
  }
  for (const host of ["localhost", "LOCALHOST:5000", "127.0.0.1:1", "[::1]:5000", "registry.localhost"]) {
    expect(await statusOf(host), host).toBe("200");
  }
});

test("names may be given, and any name serves on an address that is open to others", async () => {
  await using named = await serve(createRegistry({ storage: memoryStorage() }), {
    hosts: ["registry.example"],
  });
  const ask = (port: number, host: string): Promise<string> =>
    raw(port, `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  expect(await ask(named.port, "registry.example:443")).toMatch(/^HTTP\/1.1 200/);
  expect(await ask(named.port, "localhost")).toMatch(/^HTTP\/1.1 403/);
  await using open = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "0.0.0.0" });
  expect(await ask(open.port, "registry.example")).toMatch(/^HTTP\/1.1 200/);
});

test("an old client without a Host is served on an address that is open to others, a Host that is none is not", async () => {
  const access = tokenAccess({ users: {} });
  await using open = await serve(createRegistry({ storage: memoryStorage(), access }), {
    hostname: "0.0.0.0",
  });
  const old = await raw(open.port, "GET /v2/ HTTP/1.0\r\n\r\n");
  expect(old).toContain(`realm="http://127.0.0.1:${open.port}/token"`);
  for (const host of ['a"b', "a b", "a/b", "a@b", "é"]) {
    const answer = await raw(open.port, `GET /v2/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    expect(answer, host).toMatch(/^HTTP\/1.1 4\d\d/);
  }
});

test.each([
  "/v2/%2e%2e/%2e%2e/etc/manifests/passwd",
  "/v2/../../etc/passwd",
  "/v2/a/blobs/uploads/..%2f..%2fx",
  "/v2/a/blobs/uploads/../../x",
  "/v2/a/blobs/sha256:../../x",
  "/v2/a/manifests/..",
  "http://other.example/v2/",
  "//v2/",
])("%s is a client's error", async (path) => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    const answer = await raw(
      listener.port,
      `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    );
    expect(answer, method).toMatch(/^HTTP\/1.1 4\d\d /);
  }
});

test("a connection is used again after any answer", async () => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  const digest = await pushBlob(overHttp(listener.url), "a", noise(1000));
  const request = (method: string, path: string): string =>
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const text = await raw(
    listener.port,
    request("HEAD", `/v2/a/blobs/${digest}`) +
      request("GET", "/v2/a/manifests/none") +
      request("POST", "/v2/a/blobs/uploads/") +
      `GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
  );
  expect(text.match(/HTTP\/1\.1 (\d{3})/g)).toEqual([
    "HTTP/1.1 200",
    "HTTP/1.1 404",
    "HTTP/1.1 202",
    "HTTP/1.1 200",
  ]);
});

test("each tag of a PUT is a header field of its own", async () => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  const body = '{"schemaVersion":2,"manifests":[]}';
  const path = `/v2/a/manifests/${digestOf(bytesOf(body))}?tag=one&tag=two`;
  const head = `Host: localhost\r\nConnection: close\r\nContent-Length: ${body.length}\r\nContent-Type: ${MEDIA_TYPES.ociIndex}`;
  const answer = await raw(listener.port, `PUT ${path} HTTP/1.1\r\n${head}\r\n\r\n${body}`);
  expect(answer.match(/^OCI-Tag: .*$/gm)?.map((line) => line.trim())).toEqual([
    "OCI-Tag: one",
    "OCI-Tag: two",
  ]);
});

test("the address is told, and given back when it is closed", async () => {
  const listener = await serve(createRegistry({ storage: memoryStorage() }), { hostname: "localhost" });
  expect(listener.url).toMatch(new RegExp(`^http://(127\\.0\\.0\\.1|\\[::1\\]):${listener.port}$`));
  await expect(
    serve(createRegistry({ storage: memoryStorage() }), { hostname: "localhost", port: listener.port }),
  ).rejects.toMatchObject({ code: "EADDRINUSE" });
  await listener.close();
  await listener.close();
  await expect(fetch(`${listener.url}/v2/`)).rejects.toThrow();
});

test("closing does not wait for a client that never ends its request", async () => {
  const listener = await serve(createRegistry({ storage: memoryStorage() }));
  const socket = createConnection(listener.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(
    "POST /v2/a/blobs/uploads/?digest=sha256:x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n",
  );
  await new Promise((resolve) => socket.once("data", resolve));
  await listener.close();
  socket.destroy();
});

test("what refuses a body half-way keeps its connection until the rest has come: a reset would take the answer along", async () => {
  await using listener = await serve(createRegistry({ storage: memoryStorage() }));
  const socket = createConnection(listener.port, "127.0.0.1");
  const head = `PUT /v2/a/manifests/1.0 HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${MEDIA_TYPES.ociManifest}`;
  const bytes = 4 * 1024 * 1024 + 1;
  socket.write(`${head}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.toString(16)}\r\n`);
  socket.write(Buffer.alloc(bytes, " "));
  let [text, ended] = ["", false];
  socket.once("end", () => {
    ended = true;
  });
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (text.endsWith("]}")) resolve();
    });
  });
  expect(text).toMatch(/^HTTP\/1\.1 413 /);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(ended).toBe(false);
  const end = new Promise((resolve) => socket.once("close", resolve));
  socket.write("\r\n0\r\n\r\n");
  await end;
  expect(ended).toBe(true);
});

test("a challenge names the address that the client used", async () => {
  await using listener = await serve(
    createRegistry({ storage: memoryStorage(), access: tokenAccess({ users: {} }) }),
  );
  const response = await fetch(`http://localhost:${listener.port}/v2/`);
  expect(response.headers.get("www-authenticate")).toBe(
    `Bearer realm="http://localhost:${listener.port}/token",service="localhost:${listener.port}"`,
  );
});

/** Sends bytes and gives everything that comes back until the server closes. */
function raw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
  });
}
