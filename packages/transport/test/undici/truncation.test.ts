import { afterEach, describe, expect, it } from "vitest";
import { type TransportRequest, withRetry } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

const engine = undiciTransport({ idleTimeoutMs: 300 });
afterEach(() => engine.close());

function get(url: URL, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url, headers: {}, ...more };
}

/** Reads to the end, or to the error; both ways of taking a body. */
async function takeBoth(
  url: URL,
  taken: () => void = () => undefined,
): Promise<{ bytes: number; error: unknown }[]> {
  let bytes = 0;
  const sink = {
    write: (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      taken();
    },
  };
  const bySink = await engine(get(url, { sink })).then(
    () => ({ bytes, error: undefined }),
    (error: unknown) => ({ bytes, error }),
  );
  let read = 0;
  try {
    const response = await engine(get(url));
    for await (const chunk of response.body) {
      read += chunk.byteLength;
      taken();
    }
    return [bySink, { bytes: read, error: undefined }];
  } catch (error) {
    return [bySink, { bytes: read, error }];
  }
}

const cutShort = { code: "TRUNCATED", retryable: true, received: 5 };

describe("a body that does not end as announced", () => {
  it("is TRUNCATED where fewer bytes come than Content-Length says, by FIN", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Content-Length: 10", "", "hello");
    });
    for (const { bytes, error } of await takeBoth(server.url())) {
      expect([bytes, error]).toMatchObject([5, cutShort]);
    }
  });

  it("is TRUNCATED where the connection is reset in the middle", async () => {
    let reset = (): void => undefined;
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.send("HTTP/1.1 200 OK", "Content-Length: 10", "", "hello");
      reset = () => connection.reset();
    });
    for (const { bytes, error } of await takeBoth(server.url(), () => reset())) {
      expect([bytes, error]).toMatchObject([5, cutShort]);
    }
  });

  it("is TRUNCATED where a chunked body ends without its last chunk", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "");
    });
    for (const { bytes, error } of await takeBoth(server.url())) {
      expect([bytes, error]).toMatchObject([5, cutShort]);
    }
  });

  it("is PROTOCOL where a chunk is malformed", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "", "5", "hello", "zz", "");
    });
    for (const { error } of await takeBoth(server.url())) {
      expect(error).toMatchObject({ code: "PROTOCOL", retryable: false });
    }
  });

  it("counts as whole where its length is not known and the connection ends, by FIN (HTTP/1.0)", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.0 200 OK", "", "hello");
    });
    for (const { bytes, error } of await takeBoth(server.url()))
      expect([bytes, error]).toEqual([5, undefined]);
  });

  it("is TRUNCATED where its length is not known and the connection is reset", async () => {
    let reset = (): void => undefined;
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.send("HTTP/1.1 200 OK", "Connection: close", "", "hello");
      reset = () => connection.reset();
    });
    for (const { bytes, error } of await takeBoth(server.url(), () => reset())) {
      // undici reports a reset of such a body as its end: whoever knows the size finds out.
      expect(bytes).toBe(5);
      if (error !== undefined) expect(error).toMatchObject(cutShort);
    }
  });

  it("gives no more than Content-Length, and does not use the connection again", async () => {
    await using server = await RawServer.start(
      answering([
        "HTTP/1.1 200 OK",
        "Content-Length: 5",
        "",
        "helloHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
      ]),
    );
    for (const { bytes, error } of await takeBoth(server.url()))
      expect([bytes, error]).toEqual([5, undefined]);
    const response = await engine(get(server.url()));
    expect(Buffer.from(await response.body.bytes(9)).toString()).toBe("hello");
  });

  it("is TIMEOUT where the peer falls silent in the middle", async () => {
    await using server = await RawServer.start(
      answering(["HTTP/1.1 200 OK", "Content-Length: 10", "", "hello"]),
    );
    for (const { bytes, error } of await takeBoth(server.url())) {
      expect([bytes, error]).toMatchObject([5, { code: "TIMEOUT", retryable: true, received: 5 }]);
    }
  });

  it("is not fetched again by withRetry once its head has come", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Content-Length: 10", "", "");
    });
    const send = withRetry({ sleep: async () => undefined })(engine);
    await expect(send(get(server.url(), { sink: { write: () => undefined } }))).rejects.toMatchObject({
      code: "TRUNCATED",
      received: 0,
    });
    expect(server.requests).toHaveLength(1);
  });
});

describe("an answer that is no HTTP", () => {
  it.each([
    ["two Content-Lengths", ["HTTP/1.1 200 OK", "Content-Length: 5", "Content-Length: 6", "", "hello!"]],
    [
      "Content-Length beside Transfer-Encoding",
      ["HTTP/1.1 200 OK", "Content-Length: 5", "Transfer-Encoding: chunked", "", "5", "hello", "0", "", ""],
    ],
    [
      "a header field of 20 KB",
      ["HTTP/1.1 200 OK", `X: ${"x".repeat(20_000)}`, "Content-Length: 5", "", "hello"],
    ],
    ["another protocol", ["SSH-2.0-OpenSSH_9.6", ""]],
  ])("is PROTOCOL, is not retried, and loses its connection: %s", async (_what, lines) => {
    const closed: boolean[] = [];
    await using server = await RawServer.start(async (connection) => {
      for (const event of ["end", "error"]) connection.socket.once(event, () => closed.push(true));
      await connection.request();
      connection.send(...lines);
    });
    const send = withRetry({ sleep: async () => undefined })(engine);
    const error = await send(get(server.url())).then(
      (response) =>
        response.body.bytes(10).then(
          () => undefined,
          (reason: unknown) => reason,
        ),
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "PROTOCOL", retryable: false });
    expect(server.requests).toHaveLength(1);
    await expect.poll(() => closed.length).toBeGreaterThan(0);
  });

  it("takes a challenge of 16 KiB, and sends a token of 16 KiB", async () => {
    const challenge = `Bearer realm="https://auth.example/${"x".repeat(16 * 1024 - 40)}"`;
    await using server = await RawServer.start(
      answering(["HTTP/1.1 401 No", `WWW-Authenticate: ${challenge}`, "Content-Length: 0", "", ""]),
    );
    const authorization = `Bearer ${"t".repeat(16 * 1024)}`;
    const response = await engine(get(server.url(), { headers: { authorization } }));
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(server.requests[0]).toContain(authorization);
  });
});

describe("encoded content", () => {
  it.each([["gzip"], [Array.from({ length: 1_000 }, () => "gzip").join(", ")]])(
    "is handed on as the bytes that came",
    async (encoding) => {
      await using server = await RawServer.start(
        answering([
          "HTTP/1.1 200 OK",
          `Content-Encoding: ${encoding}`,
          "Content-Length: 5",
          "",
          "\x1f\x8bxyz",
        ]),
      );
      const response = await engine(get(server.url()));
      expect(Buffer.from(await response.body.bytes(5)).toString("latin1")).toBe("\x1f\x8bxyz");
    },
  );
});
