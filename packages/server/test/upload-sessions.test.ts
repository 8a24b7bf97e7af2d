import { createConnection } from "node:net";
import { digestOf } from "@reg/content";
import { describe, expect, test } from "vitest";
import { createRegistry, folderStorage, memoryStorage, serve } from "../src/index.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { UploadSessions } from "../src/upload-sessions.ts";
import {
  bytesOf,
  codeOf,
  inProcess,
  locationOf,
  noise,
  overHttp,
  startUpload,
  temporaryFolder,
} from "./support.ts";

describe("uploads that are abandoned", () => {
  test("no more than the cap may be open, however many are begun", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const statuses = new Map<number, number>();
    for (let i = 0; i < 10_000; i += 1) {
      const { status } = await send("/v2/a/blobs/uploads/", { method: "POST" });
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    expect([...statuses]).toEqual([
      [202, DEFAULT_LIMITS.uploads],
      [429, 10_000 - DEFAULT_LIMITS.uploads],
    ]);
    const refused = await send("/v2/a/blobs/uploads/", { method: "POST" });
    expect([refused.headers.get("retry-after"), await codeOf(refused)]).toEqual(["60", "TOOMANYREQUESTS"]);
  });

  test("one that nobody went on with makes room, and its bytes are freed", async () => {
    const storage = memoryStorage({ maxBytes: 1000 });
    await using registry = createRegistry({ storage, limits: { uploads: 1, uploadIdleMs: 0 } });
    const send = (path: string, init?: RequestInit): Promise<Response> =>
      registry.fetch(new Request(`http://registry.test${path}`, init));
    const first = await startUpload(send, "a");
    expect((await send(first, { method: "PATCH", body: noise(900) })).status).toBe(202);
    const second = await startUpload(send, "a");
    expect((await send(first)).status).toBe(404);
    expect((await send(second, { method: "PATCH", body: noise(900) })).status).toBe(202);
  });

  test("they expire by themselves, and leave no file", async () => {
    await using folder = await temporaryFolder();
    const storage = folderStorage(folder.path);
    const sessions = new UploadSessions(storage, { ...DEFAULT_LIMITS, uploadIdleMs: 20 });
    const session = await sessions.create("a");
    await session.append(once(noise(100_000)));
    await expect.poll(() => sessions.size, { timeout: 5000 }).toBe(0);
    const { readdir } = await import("node:fs/promises");
    await expect.poll(() => readdir(`${folder.path}/_uploads`)).toEqual([]);
  });

  test("an id of another repository, or one that is a path, is unknown", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const id = (await startUpload(send, "mine")).split("/").at(-1);
    for (const path of [
      `/v2/yours/blobs/uploads/${id}`,
      "/v2/mine/blobs/uploads/..%5C..%5Cx",
      "/v2/mine/blobs/uploads/x",
    ]) {
      const response = await send(path, { method: "PATCH", body: noise(1) });
      expect([response.status, await codeOf(response)]).toEqual([404, "BLOB_UPLOAD_UNKNOWN"]);
    }
  });
});

describe("uploads that break off", () => {
  test("what came before a connection died is kept, and the upload goes on from there", async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): unknown => errors.push(error);
    await using listener = await serve(createRegistry({ storage: memoryStorage(), onError }));
    const send = overHttp(listener.url);
    const blob = noise(100_000);
    const location = await startUpload(send, "a");
    const socket = createConnection(listener.port, "127.0.0.1");
    socket.write(
      `PATCH ${location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\nContent-Range: 0-99999\r\n\r\n`,
    );
    socket.write(blob.subarray(0, 60_000), () => setTimeout(() => socket.destroy(), 50));
    await expect.poll(async () => (await send(location)).headers.get("range")).toBe("0-59999");

    const rest = await send(location, {
      method: "PATCH",
      headers: { "content-range": "60000-99999" },
      body: blob.slice(60_000),
    });
    expect([rest.status, rest.headers.get("range")]).toEqual([202, "0-99999"]);
    const done = await send(`${location}?digest=${digestOf(blob)}`, { method: "PUT" });
    expect(done.status).toBe(201);
    expect(errors).toEqual([]); // a client that leaves is no failure
  });

  test("a client that comes back before the old connection is known to be dead takes the upload over", async () => {
    await using listener = await serve(createRegistry({ storage: memoryStorage() }));
    const send = overHttp(listener.url);
    const blob = noise(100_000);
    const location = await startUpload(send, "a");
    const silent = createConnection(listener.port, "127.0.0.1");
    silent.on("error", () => {});
    silent.write(`PATCH ${location} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n`);
    silent.write(blob.subarray(0, 60_000));
    await expect.poll(async () => (await send(location)).headers.get("range")).toBe("0-59999");
    const url = `${location}?digest=${digestOf(blob)}`;
    const headers = { "content-range": "60000-99999" };
    const done = await send(url, { method: "PUT", headers, body: blob.slice(60_000) });
    expect(done.status).toBe(201);
    silent.destroy();
  });

  test("a refused body is answered before it has been sent, also to those who wait for 100 Continue", async () => {
    await using listener = await serve(
      createRegistry({ storage: memoryStorage(), limits: { blobBytes: 10 } }),
    );
    const send = overHttp(listener.url);
    const answers = await speak(
      listener.port,
      "PUT /v2/a/manifests/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n",
    );
    expect(answers).toMatch(/^HTTP\/1\.1 413 /);
    const location = await startUpload(send, "a");
    const response = await send(location, { method: "PATCH", body: noise(5_000_000) });
    expect([response.status, await codeOf(response)]).toEqual([413, "SIZE_INVALID"]);
    expect((await send(location)).status).toBe(404);
  });

  test("Content-Range and Content-Length that contradict each other are 400, a broken range is 416", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const location = await startUpload(send, "a");
    const patch = async (range: string): Promise<number> => {
      const headers = { "content-range": range, "content-length": "10" };
      return (await send(location, { method: "PATCH", headers, body: noise(10) })).status;
    };
    expect(await patch("0-4")).toBe(400);
    for (const range of ["x-9", "9-0", "-9", "0-", "0-99999999999999999999", ""]) {
      expect(await patch(range), range).toBe(416);
    }
    expect(await patch("bytes 0-9/10")).toBe(202);
  });

  test("a disk or memory that is full ends the upload with 413, and what it held is given back", async () => {
    const { registry, send } = inProcess({ storage: memoryStorage({ maxBytes: 1000 }) });
    await using _ = registry;
    for (let round = 0; round < 3; round += 1) {
      const location = await startUpload(send, "a");
      expect((await send(location, { method: "PATCH", body: noise(2000) })).status).toBe(413);
    }
    const small = bytesOf("small");
    const location = await startUpload(send, "a");
    expect((await send(`${location}?digest=${digestOf(small)}`, { method: "PUT", body: small })).status).toBe(
      201,
    );
  });

  test("a blob pushed by one algorithm may be asked for early by another", async () => {
    const { registry, send } = inProcess();
    await using _ = registry;
    const blob = noise(1000);
    const started = await send("/v2/a/blobs/uploads/?digest-algorithm=sha512", { method: "POST" });
    const location = locationOf(started);
    expect((await send(location, { method: "PATCH", body: blob })).status).toBe(202);
    expect((await send(`${location}?digest=${digestOf(blob, "sha512")}`, { method: "PUT" })).status).toBe(
      201,
    );
    expect((await send("/v2/a/blobs/uploads/?digest-algorithm=md5", { method: "POST" })).status).toBe(400);
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** What a server says to a request, until it has said a whole header. */
function speak(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(port, "127.0.0.1", () => socket.write(request));
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      if (!text.includes("\r\n\r\n")) return;
      resolve(text);
      socket.destroy();
    });
    socket.on("error", reject);
  });
}
