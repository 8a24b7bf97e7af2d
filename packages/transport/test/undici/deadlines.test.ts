import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { TransportRequest } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

const engine = undiciTransport({ headersTimeoutMs: 300, idleTimeoutMs: 400 });
/** For what must not be given up, on a machine with other things to do as well. */
const patient = undiciTransport({ headersTimeoutMs: 1_500, idleTimeoutMs: 1_500, minRateWindowMs: 1_500 });
const watchful = undiciTransport({ minBytesPerSecond: 1_000, minRateWindowMs: 600 });
const LONGER_MILLISECONDS = 2_000;
afterEach(async () => {
  await Promise.all([engine, patient, watchful].map((each) => each.close()));
});

function get(url: URL, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url, headers: {}, ...more };
}

describe("deadlines", () => {
  it("end the wait for an answer that does not come", async () => {
    await using server = await RawServer.start(answering([]));
    await expect(engine(get(server.url()))).rejects.toMatchObject({ code: "TIMEOUT", retryable: true });
  });

  it("end early hints that go on for ever", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      while (!connection.socket.destroyed) {
        connection.send("HTTP/1.1 103 Early Hints", "", "");
        await sleep(20);
      }
    });
    await expect(engine(get(server.url()))).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("end header fields that come byte by byte", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      for (const letter of `HTTP/1.1 200 OK\r\nX: ${"x".repeat(10_000)}`) {
        connection.send(letter);
        await sleep(20);
      }
    });
    await expect(engine(get(server.url()))).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("end a body that trickles below the minimum rate though it is never idle", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.send("HTTP/1.1 200 OK", "Content-Length: 100000", "", "");
      while (!connection.socket.destroyed) {
        connection.send("x");
        await sleep(20);
      }
    });
    let bytes = 0;
    const sink = {
      write: (chunk: Uint8Array) => {
        bytes += chunk.byteLength;
      },
    };
    const error = await watchful(get(server.url(), { sink })).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "TIMEOUT", retryable: true, received: bytes });
    expect(String(error)).toContain("bytes a second");
  });

  it("wait for a large body of bytes as long as it moves", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      // Slower in all than the deadline of the head, but never idle.
      for (let turn = 0; turn < 20; turn++) {
        connection.socket.pause();
        await sleep(LONGER_MILLISECONDS / 20);
        connection.socket.resume();
        await connection.body(750_000);
      }
      connection.send("HTTP/1.1 201 Created", "Content-Length: 0", "", "");
    });
    const request = get(server.url(), { method: "PUT", body: new Uint8Array(15_000_000) });
    expect((await patient(request)).status).toBe(201);
  });

  it("end an upload of which the peer takes nothing", async () => {
    await using server = await RawServer.start(async (connection) => {
      connection.socket.pause();
    });
    const open = async function* () {
      for (;;) yield Buffer.alloc(1024 * 1024);
    };
    const request = get(server.url(), { method: "PUT", body: { size: 1024 ** 4, open } });
    await expect(engine(request)).rejects.toMatchObject({ code: "TIMEOUT" });
  });

  it("do not count the time that the caller takes", async () => {
    const size = 4_000_000;
    await using server = await RawServer.start(
      answering(["HTTP/1.1 200 OK", `Content-Length: ${size}`, "", "x".repeat(size)]),
    );
    let bytes = 0;
    let slept = false;
    const sink = {
      write: async (chunk: Uint8Array) => {
        if (!slept) await sleep(LONGER_MILLISECONDS);
        slept = true;
        bytes += chunk.byteLength;
      },
    };
    await patient(get(server.url(), { sink }));
    expect(bytes).toBe(size);
    const open = async function* () {
      yield Buffer.from("a");
      await sleep(LONGER_MILLISECONDS);
      yield Buffer.from("b");
    };
    const request = get(server.url(), { method: "PUT", body: { size: 2, open } });
    expect((await patient(request)).status).toBe(200);
  });
});
