import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type ByteSink, fetchTransport, type TransportRequest } from "../src/index.ts";
import { answering, RawServer } from "./raw-server.ts";

function get(url: URL, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url, headers: {}, ...more };
}

describe("fetchTransport", () => {
  it("speaks through the runtime's fetch", async () => {
    await using server = await RawServer.start(
      answering(["HTTP/1.1 404 No", "Content-Length: 4", "X: 1", "Connection: close", "", "body"]),
    );
    const response = await fetchTransport()(get(server.url()));
    expect([response.status, response.headers.get("x")]).toEqual([404, "1"]);
    expect(Buffer.from(await response.body.bytes(4)).toString()).toBe("body");
    expect(server.requests[0]?.toLowerCase()).toContain("accept-encoding: identity\r\n");
  });

  it("does not follow redirects by itself", async () => {
    const answer = ["HTTP/1.1 307 There", "Location: /x", "Content-Length: 0", "Connection: close", "", ""];
    await using server = await RawServer.start(answering(answer));
    const response = await fetchTransport()(get(server.url()));
    expect([response.status, response.headers.get("location")]).toEqual([307, "/x"]);
  });

  it("reports a body that is cut short, with the bytes that came", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Content-Length: 10", "", "hello");
    });
    let taken = 0;
    const sink = {
      write: (chunk: Uint8Array) => {
        taken += chunk.byteLength;
      },
    };
    const cut = { code: "TRUNCATED", retryable: true, received: 5 };
    await expect(fetchTransport()(get(server.url(), { sink }))).rejects.toMatchObject(cut);
    expect(taken).toBe(5);
    const response = await fetchTransport()(get(server.url()));
    await expect(response.body.bytes(10)).rejects.toMatchObject(cut);
  });

  it("notices a short body of a fetch that does not", async () => {
    const fetch = async () => new Response("hello", { headers: { "content-length": "10" } });
    const response = await fetchTransport(fetch)(get(new URL("http://registry.example/")));
    await expect(response.body.bytes(10)).rejects.toMatchObject({ code: "TRUNCATED", received: 5 });
  });

  const refusing: ByteSink = {
    accept: () => {
      throw new Error("refused");
    },
    write: () => undefined,
  };
  it.each([
    ["a large body that is discarded", "1000000", {}],
    ["a body that its sink refuses", "1000000", { sink: refusing }],
    ["a body whose length is no number", "1e6", {}],
  ])("gives up the connection of %s", async (_what, length, more) => {
    let signal: AbortSignal | null | undefined;
    const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
      signal = init.signal;
      return new Response("hello", { headers: { "content-length": length } });
    };
    const answer = fetchTransport(fetch)(get(new URL("http://registry.example/"), more));
    await answer.then(
      ({ body }) => body.discard(),
      () => undefined,
    );
    expect(signal?.aborted).toBe(true);
  });

  it.each([
    ["HEAD", 404, null, "9"],
    ["PUT", 204, null, undefined],
    ["PUT", 201, "", "0"],
  ])(
    "has done with the answer to %s that has no bytes (%i), read or not",
    async (method, status, body, length) => {
      const listeners = new Set<unknown>();
      const signal = new AbortController().signal;
      vi.spyOn(signal, "addEventListener").mockImplementation(
        (_type, listener) => void listeners.add(listener),
      );
      vi.spyOn(signal, "removeEventListener").mockImplementation(
        (_type, listener) => void listeners.delete(listener),
      );
      const fetch = async () =>
        new Response(body, { status, headers: length === undefined ? {} : { "content-length": length } });
      await fetchTransport(fetch)(get(new URL("http://registry.example/"), { method, signal }));
      expect(listeners.size).toBe(0);
    },
  );

  it("lets the caller take its time before it reads the body", async () => {
    const answer = ["HTTP/1.1 200 OK", "Content-Length: 5", "Connection: close", "", "hello"];
    await using server = await RawServer.start(answering(answer));
    const transport = fetchTransport(undefined, { headersTimeoutMs: 40, idleTimeoutMs: 40 });
    const response = await transport(get(server.url()));
    await sleep(120);
    expect(Buffer.from(await response.body.bytes(10)).toString()).toBe("hello");
  });

  it("keeps deadlines for head and body", async () => {
    await using server = await RawServer.start(async (connection, index) => {
      await connection.request();
      if (index === 1) connection.send("HTTP/1.1 200 OK", "Content-Length: 10", "", "hello");
    });
    const transport = fetchTransport(undefined, { headersTimeoutMs: 150, idleTimeoutMs: 150 });
    await expect(transport(get(server.url()))).rejects.toMatchObject({ code: "TIMEOUT" });
    const response = await transport(get(server.url()));
    await expect(response.body.bytes(10)).rejects.toMatchObject({ code: "TIMEOUT", received: 5 });
  });

  it("sends bodies of either kind", async () => {
    const bodies: string[] = [];
    const fetch = async (_url: string, init: RequestInit): Promise<Response> => {
      bodies.push(await new Response(init.body ?? null).text());
      return new Response(null, { status: 201 });
    };
    const url = new URL("http://registry.example/");
    await fetchTransport(fetch)(get(url, { method: "PUT", body: Buffer.from("bytes") }));
    const open = async function* () {
      yield Buffer.from("str");
      yield Buffer.from("eam");
    };
    await fetchTransport(fetch)(get(url, { method: "PUT", body: { size: 6, open } }));
    expect(bodies).toEqual(["bytes", "stream"]);
  });

  it("rejects with the caller's own reasons", async () => {
    await using server = await RawServer.start(
      answering(["HTTP/1.1 200 OK", "Content-Length: 10", "", "hello"]),
    );
    const reason = new Error("mine");
    const abort = new AbortController();
    const response = await fetchTransport()(get(server.url(), { signal: abort.signal }));
    const reading = response.body.bytes(10);
    await sleep(10);
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    const sink = { write: () => Promise.reject(reason) };
    await expect(fetchTransport()(get(server.url(), { sink }))).rejects.toBe(reason);
    const open = async function* () {
      yield Buffer.from("a");
      throw reason;
    };
    const put = get(server.url(), { method: "PUT", body: { size: 9, open } });
    await expect(fetchTransport()(put)).rejects.toBe(reason);
  });

  it("names CORS as a possible reason in a page of another origin", async () => {
    const refusing = fetchTransport(() => Promise.reject(new TypeError("Failed to fetch")));
    const url = new URL("https://registry.example/v2/");
    vi.stubGlobal("location", { origin: "https://page.example" });
    await expect(refusing(get(url))).rejects.toThrow(/pages of https:\/\/page\.example .*CORS/);
    vi.stubGlobal("location", { origin: "https://registry.example" });
    await expect(refusing(get(url))).rejects.toThrow(/could not be reached$/);
    vi.unstubAllGlobals();
  });

  it("says that nothing was sent where nothing listens", async () => {
    const server = await RawServer.start(answering([]));
    const url = server.url();
    await server[Symbol.asyncDispose]();
    await expect(fetchTransport()(get(url))).rejects.toMatchObject({
      code: "NETWORK",
      neverSent: true,
    });
  });
});
