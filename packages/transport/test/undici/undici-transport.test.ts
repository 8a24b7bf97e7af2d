import { describe, expect, it } from "vitest";
import type { ByteSink, TransportRequest } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

function get(url: URL, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url, headers: {}, ...more };
}

function collect(): ByteSink & { readonly text: () => string } {
  const chunks: Buffer[] = [];
  return {
    write: (chunk) => {
      chunks.push(Buffer.from(chunk));
    },
    text: () => Buffer.concat(chunks).toString("latin1"),
  };
}

describe("undiciTransport", () => {
  it("resolves with status, headers and body, whatever the status", async () => {
    await using server = await RawServer.start(
      answering(["HTTP/1.1 404 Not Found", "Content-Length: 5", "X-One: a", "x-one: b", "", "hello"]),
    );
    const engine = undiciTransport();
    const response = await engine(get(server.url()));
    expect(response.status).toBe(404);
    expect(response.headers.get("X-ONE")).toBe("a, b");
    expect(Buffer.from(await response.body.bytes(5)).toString()).toBe("hello");
    await engine.close();
  });

  it("asks for identity and sends what it is given", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      await connection.body(5);
      connection.send("HTTP/1.1 201 Created", "Content-Length: 0", "", "");
    });
    const engine = undiciTransport();
    const open = async function* (offset: number) {
      yield Buffer.from("hello").subarray(offset, 3);
      yield Buffer.from("lo");
    };
    const response = await engine({
      method: "PUT",
      url: server.url("/x?a=b"),
      headers: { "X-A": "1" },
      body: { size: 5, open },
    });
    expect(response.status).toBe(201);
    expect(server.requests[0]).toMatch(/^PUT \/x\?a=b HTTP\/1\.1\r\n/);
    expect(server.requests[0]?.toLowerCase()).toContain("accept-encoding: identity\r\n");
    expect(server.requests[0]?.toLowerCase()).toContain("content-length: 5\r\n");
    expect(server.requests[0]?.toLowerCase()).not.toContain("transfer-encoding");
    await engine.close();
  });

  it("hands a successful body to the sink, and an error's to the response", async () => {
    await using server = await RawServer.start(
      answering(
        ["HTTP/1.1 200 OK", "Content-Length: 5", "", "hello"],
        ["HTTP/1.1 500 Oops", "Content-Length: 4", "", "oops"],
      ),
    );
    const engine = undiciTransport();
    const sink = collect();
    const first = await engine(get(server.url(), { sink }));
    expect([first.status, sink.text(), (await first.body.bytes(10)).byteLength]).toEqual([200, "hello", 0]);
    const second = await engine(get(server.url(), { sink }));
    expect([second.status, sink.text()]).toEqual([500, "hello"]);
    expect(Buffer.from(await second.body.bytes(10)).toString()).toBe("oops");
    await engine.close();
  });

  it("keeps the connection after a HEAD", async () => {
    await using server = await RawServer.start(answering(["HTTP/1.1 200 OK", "Content-Length: 5", "", ""]));
    const engine = undiciTransport();
    for (let turn = 0; turn < 3; turn++) {
      const response = await engine({ method: "HEAD", url: server.url(), headers: {} });
      expect(response.headers.get("content-length")).toBe("5");
      await response.body.discard();
    }
    expect(server.connections).toBe(1);
    await engine.close();
  });

  it("opens connections anew after close", async () => {
    await using server = await RawServer.start(answering(["HTTP/1.1 200 OK", "Content-Length: 0", "", ""]));
    const engine = undiciTransport();
    await (await engine(get(server.url()))).body.discard();
    await engine.close();
    await (await engine(get(server.url()))).body.discard();
    expect(server.connections).toBe(2);
    await engine.close();
  });

  it("rejects with the signal's own reason, before and in the middle of a body", async () => {
    await using server = await RawServer.start(answering(["HTTP/1.1 200 OK", "Content-Length: 5", "", "he"]));
    const engine = undiciTransport();
    const reason = new Error("changed my mind");
    await expect(engine(get(server.url(), { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    const abort = new AbortController();
    const response = await engine(get(server.url(), { signal: abort.signal }));
    const iterator = response.body[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = iterator.next();
    abort.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await engine.close();
  });

  it("rejects with what the sink or the body's source threw, unchanged", async () => {
    await using server = await RawServer.start(
      answering(["HTTP/1.1 200 OK", "Content-Length: 5", "", "hello"]),
    );
    const engine = undiciTransport();
    const reason = new Error("disk full");
    const sync: ByteSink = {
      write: () => {
        throw reason;
      },
    };
    await expect(engine(get(server.url(), { sink: sync }))).rejects.toBe(reason);
    await expect(engine(get(server.url(), { sink: { write: () => Promise.reject(reason) } }))).rejects.toBe(
      reason,
    );
    const open = async function* () {
      yield Buffer.from("he");
      throw reason;
    };
    const put = { method: "PUT", url: server.url(), headers: {}, body: { size: 5, open } };
    await expect(engine(put)).rejects.toBe(reason);
    await engine.close();
  });

  it("says that nothing was sent where nothing listens", async () => {
    const server = await RawServer.start(answering([]));
    const url = server.url();
    await server[Symbol.asyncDispose]();
    const engine = undiciTransport();
    await expect(engine(get(url))).rejects.toMatchObject({
      code: "NETWORK",
      retryable: true,
      neverSent: true,
    });
    await engine.close();
  });
});
