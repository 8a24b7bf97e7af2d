import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ByteSink, SinkFile, TransportEngine, TransportRequest } from "../../src/index.ts";
import { undiciTransport } from "../../src/undici.ts";
import { type Connection, RawServer } from "../raw-server.ts";

const MIB = 1024 * 1024;
const content = randomBytes(6 * MIB);
const digest = `sha256:${createHash("sha256").update(content).digest("hex")}`;

let folder: string;
let engine: TransportEngine;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "workers-"));
  engine = undiciTransport({ workers: 1 });
});

afterEach(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

/** A sink of a file that notes who wrote to it. */
function fileSink(path: string, size = content.byteLength) {
  const fd = openSync(path, path.startsWith("/dev/") ? "w" : "w+");
  const seen = {
    /** Bytes that this thread was given. */
    here: 0,
    /** Bytes that another thread wrote. */
    elsewhere: 0,
    digest: undefined as string | undefined,
    failure: undefined as unknown,
  };
  const file: SinkFile = {
    fd,
    position: 0,
    size,
    algorithm: "sha256",
    wrote: (bytes, whole) => {
      seen.elsewhere += bytes;
      seen.digest = whole;
    },
    failed: (cause) => {
      seen.failure = cause;
      return new Error("not stored", { cause });
    },
  };
  const sink: ByteSink = {
    file,
    write: (chunk) => {
      seen.here += chunk.byteLength;
    },
  };
  return { sink, seen, bytes: () => readFileSync(path), [Symbol.dispose]: () => closeSync(fd) };
}

function get(server: RawServer, path: string, more: Partial<TransportRequest>): TransportRequest {
  return { method: "GET", url: server.url(path), headers: { "x-asked": "yes" }, ...more };
}

/**
 * A server whose answers to `/held` wait: this thread is busy with one blob, and the next goes to the worker. The others
 * are answered as said.
 */
async function busyServer(answer: (connection: Connection) => void | Promise<void>) {
  let letGo = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const server = await RawServer.start(async (connection) => {
    for (;;) {
      const head = await connection.request();
      if (!head.startsWith("GET /held ")) {
        await answer(connection);
        continue;
      }
      connection.send("HTTP/1.1 200 OK", `Content-Length: ${content.byteLength}`, "", "");
      await released;
      connection.socket.write(content);
    }
  });
  const held = fileSink(join(folder, "held"));
  const first = engine(get(server, "/held", { sink: held.sink }));
  // A failure is looked at where it is awaited.
  first.catch(() => undefined);
  while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  return {
    server,
    async [Symbol.asyncDispose](): Promise<void> {
      letGo();
      await first;
      expect(held.seen).toMatchObject({ here: content.byteLength, elsewhere: 0 });
      held[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

function whole(connection: Connection): void {
  connection.send("HTTP/1.1 200 OK", `Content-Length: ${content.byteLength}`, "", "");
  connection.socket.write(content);
}

describe("undiciTransport with workers", () => {
  it("has a worker fetch, hash and write a blob while this thread is busy with another", async () => {
    await using busy = await busyServer(whole);
    using file = fileSink(join(folder, "blob"));
    const heads: number[] = [];
    const sink = { ...file.sink, accept: ({ status }: { status: number }) => void heads.push(status) };
    const response = await engine(get(busy.server, "/blob", { sink }));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(content.byteLength));
    expect((await response.body.bytes(0)).byteLength).toBe(0);
    expect(heads).toEqual([200]);
    expect(file.seen).toMatchObject({ here: 0, elsewhere: content.byteLength, digest });
    expect(file.bytes().equals(content)).toBe(true);
    expect(busy.server.requests[1]?.toLowerCase()).toContain("x-asked: yes\r\n");
  });

  it("keeps small blobs, and sinks without a file, in this thread", async () => {
    await using busy = await busyServer((connection) => {
      connection.send("HTTP/1.1 200 OK", "Content-Length: 5", "", "hello");
    });
    using small = fileSink(join(folder, "small"), 5);
    await engine(get(busy.server, "/small", { sink: small.sink }));
    expect(small.seen).toMatchObject({ here: 5, elsewhere: 0 });
    using plain = fileSink(join(folder, "plain"));
    await engine(get(busy.server, "/plain", { sink: { write: plain.sink.write } }));
    expect(plain.seen).toMatchObject({ here: 5, elsewhere: 0 });
  });

  it("gives back the body of an answer that is no success, and leaves the file alone", async () => {
    await using busy = await busyServer((connection) => {
      connection.send("HTTP/1.1 307 Temporary Redirect", "Location: /x", "Content-Length: 5", "", "hello");
    });
    using file = fileSink(join(folder, "blob"));
    const response = await engine(get(busy.server, "/blob", { sink: file.sink }));
    expect(response.status).toBe(307);
    expect(response.headers.get("location")).toBe("/x");
    expect(Buffer.from(await response.body.bytes(5)).toString()).toBe("hello");
    expect(file.seen).toMatchObject({ here: 0, elsewhere: 0, digest: undefined });
    expect(file.bytes().byteLength).toBe(0);
  });

  it("tells how much a broken body has left in the file", async () => {
    await using busy = await busyServer((connection) => {
      connection.send("HTTP/1.1 200 OK", `Content-Length: ${content.byteLength}`, "", "");
      connection.socket.end(content.subarray(0, 5 * MIB));
    });
    using file = fileSink(join(folder, "blob"));
    await expect(engine(get(busy.server, "/blob", { sink: file.sink }))).rejects.toMatchObject({
      code: "TRUNCATED",
      retryable: true,
      received: 5 * MIB,
    });
    expect(file.seen).toMatchObject({ elsewhere: 5 * MIB, digest: undefined, failure: undefined });
    expect(file.bytes().equals(content.subarray(0, 5 * MIB))).toBe(true);
  });

  it("writes nothing of an answer whose head is refused", async () => {
    await using busy = await busyServer(whole);
    using file = fileSink(join(folder, "blob"));
    const refusal = new Error("not this");
    const accept = (): never => {
      throw refusal;
    };
    const request = get(busy.server, "/blob", { sink: { ...file.sink, accept } });
    await expect(engine(request)).rejects.toBe(refusal);
    expect(file.seen).toMatchObject({ here: 0, elsewhere: 0 });
    expect(file.bytes().byteLength).toBe(0);
  });

  it("stops at the bytes that are wanted", async () => {
    await using busy = await busyServer(whole);
    using file = fileSink(join(folder, "blob"), 5 * MIB);
    await expect(engine(get(busy.server, "/blob", { sink: file.sink }))).rejects.toThrow("not stored");
    expect(file.seen.failure).toMatchObject({ code: "SIZE_EXCEEDED" });
    expect(file.bytes().byteLength).toBeLessThanOrEqual(5 * MIB);
  });

  it.runIf(process.platform === "linux")("tells why the file could not be written", async () => {
    await using busy = await busyServer(whole);
    using file = fileSink("/dev/full");
    await expect(engine(get(busy.server, "/blob", { sink: file.sink }))).rejects.toThrow("not stored");
    expect(file.seen.failure).toMatchObject({ code: "ENOSPC", syscall: "write" });
    expect(file.seen.elsewhere).toBe(0);
  });

  it("rejects with what the owner of the file has against more bytes", async () => {
    await using busy = await busyServer(whole);
    using file = fileSink(join(folder, "blob"));
    const enough = new Error("enough");
    const wrote = (): never => {
      throw enough;
    };
    const target = file.sink.file;
    const sink: ByteSink = { ...file.sink, file: target && { ...target, wrote } };
    await expect(engine(get(busy.server, "/blob", { sink }))).rejects.toBe(enough);
  });

  it("has stopped writing when an aborted request rejects, with the signal's reason", async () => {
    let goOn = (): void => undefined;
    const going = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await using busy = await busyServer(async (connection) => {
      connection.send("HTTP/1.1 200 OK", `Content-Length: ${content.byteLength}`, "", "");
      connection.socket.write(content.subarray(0, 4 * MIB));
      await going;
      connection.socket.write(content.subarray(4 * MIB));
    });
    using file = fileSink(join(folder, "blob"));
    const stop = new AbortController();
    const asked = engine(get(busy.server, "/blob", { sink: file.sink, signal: stop.signal }));
    asked.catch(() => undefined);
    while (file.seen.elsewhere === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("no longer"));
    await expect(asked).rejects.toThrow("no longer");
    const { byteLength } = file.bytes();
    goOn();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(file.bytes().byteLength).toBe(byteLength);
  });

  it("can be used again after it was closed", async () => {
    for (const name of ["first", "second"]) {
      {
        await using busy = await busyServer(whole);
        using file = fileSink(join(folder, name));
        await engine(get(busy.server, "/blob", { sink: file.sink }));
        expect(file.seen).toMatchObject({ here: 0, digest });
      }
      await engine.close();
    }
  });

  it("does everything in this thread where an option is a function that no thread can be sent", async () => {
    await engine.close();
    engine = undiciTransport({
      workers: 1,
      lookup: async () => [{ address: "127.0.0.1", family: 4 }],
    });
    await using busy = await busyServer(whole);
    using file = fileSink(join(folder, "blob"));
    await engine(get(busy.server, "/blob", { sink: file.sink }));
    expect(file.seen).toMatchObject({ here: content.byteLength, elsewhere: 0 });
  });
});
