import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type TransportRequest, withRetry } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";
import { RawServer } from "../raw-server.ts";

const engine = undiciTransport();
afterEach(() => engine.close());

const OK = ["HTTP/1.1 200 OK", "Content-Length: 5", "", "hello"];

function get(url: URL, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url, headers: {}, ...more };
}

async function text(request: TransportRequest): Promise<string> {
  const response = await engine(request);
  return Buffer.from(await response.body.bytes(1_000)).toString();
}

describe("an idle connection", () => {
  it("is given up when an answer comes that nobody asked for, and the next answer is right", async () => {
    let first: Socket | undefined;
    await using server = await RawServer.start(async (connection, index) => {
      first ??= connection.socket;
      await connection.request();
      connection.send(...OK);
      if (index === 0) {
        await sleep(20);
        connection.send("HTTP/1.1 200 OK", "Content-Length: 4", "", "evil");
      }
      await connection.request();
      connection.send(...OK);
    });
    expect(await text(get(server.url()))).toBe("hello");
    await expect.poll(() => first?.readableEnded === true || first?.destroyed).toBe(true);
    expect(await text(get(server.url()))).toBe("hello");
    expect(server.connections).toBe(2);
  });

  it("that is closed as it is used again costs a retry where that is allowed", async () => {
    let armed = false;
    await using server = await RawServer.start(async (connection) => {
      for (;;) {
        await connection.request();
        if (armed) {
          armed = false;
          return connection.reset();
        }
        connection.send(...OK);
      }
    });
    const send = withRetry({ sleep: async () => undefined })(engine);
    const body = {
      size: 2,
      open: async function* (offset: number) {
        yield Buffer.from("ab").subarray(offset);
      },
    };
    const attempt = async (request: TransportRequest): Promise<string> => {
      await (await engine(get(server.url()))).body.discard();
      armed = true;
      return send(request).then(
        (response) => response.body.discard().then(() => String(response.status)),
        (error: { code: string }) => error.code,
      );
    };
    expect(await attempt(get(server.url()))).toBe("200");
    expect(await attempt(get(server.url(), { method: "HEAD" }))).toBe("200");
    expect(await attempt(get(server.url("/v2/a/manifests/b"), { method: "PUT", body }))).toBe("200");
    expect(await attempt(get(server.url(), { method: "POST", body }))).toBe("NETWORK");
    expect(await attempt(get(server.url(), { method: "PATCH", body }))).toBe("NETWORK");
    expect(await attempt(get(server.url("/v2/a/blobs/uploads/1?digest=x"), { method: "PUT", body }))).toBe(
      "NETWORK",
    );
  });
});

describe("a server that closes", () => {
  const big = "x".repeat(2_000_000);

  it.each([
    ["with Connection: close", "Connection: close"],
    ["after keep-alive and the full length", "X: y"],
  ])("%s while the reader is slow loses nothing", async (_how, field) => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", field, `Content-Length: ${big.length}`, "", big);
    });
    let taken = 0;
    const sink = {
      write: async (chunk: Uint8Array) => {
        const before = Buffer.from(chunk);
        await sleep(1);
        expect(before.equals(chunk)).toBe(true);
        taken += chunk.byteLength;
      },
    };
    await engine(get(server.url(), { sink }));
    expect(taken).toBe(big.length);
    let read = 0;
    const response = await engine(get(server.url()));
    for await (const chunk of response.body) {
      read += chunk.byteLength;
      await sleep(1);
    }
    expect(read).toBe(big.length);
  });

  it("answers with an early status while the request is being sent, and is heard", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 413 Too Large", "Content-Length: 3", "Connection: close", "", "big");
      await sleep(30);
      connection.reset();
    });
    const open = async function* () {
      for (let sent = 0; sent < 64; sent++) yield Buffer.alloc(1024 * 1024);
    };
    for (let turn = 0; turn < 5; turn++) {
      const request = get(server.url(), { method: "PUT", body: { size: 64 * 1024 * 1024, open } });
      const response = await engine(request);
      expect(response.status).toBe(413);
      await response.body.discard();
    }
  });
});

describe("interim answers", () => {
  it("are passed over", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.send(
        "HTTP/1.1 103 Early Hints",
        "Link: </x>",
        "",
        "HTTP/1.1 103 Early Hints",
        "",
        OK.join("\r\n"),
      );
    });
    expect(await text(get(server.url()))).toBe("hello");
  });

  it("that nobody asked for (100) cost one retry", async () => {
    await using server = await RawServer.start(async (connection, index) => {
      await connection.request();
      if (index === 0) connection.send("HTTP/1.1 100 Continue", "", "");
      connection.send("HTTP/1.1 201 Created", "Content-Length: 0", "", "");
    });
    const send = withRetry({ sleep: async () => undefined })(engine);
    const response = await send(
      get(server.url("/v2/a/manifests/b"), { method: "PUT", body: Buffer.from("{}") }),
    );
    expect(response.status).toBe(201);
  });
});
