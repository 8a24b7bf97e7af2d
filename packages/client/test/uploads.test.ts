import { randomBytes } from "node:crypto";
import { digestOf } from "@reg/content";
import { describe, expect, it } from "vitest";
import type { UploadJournal } from "../src/index.ts";
import { errorBody, scriptedRegistry, testClient } from "./support/scripted-registry.ts";
import { commit, uploadScript } from "./support/upload-registry.ts";

const MIB = 1024 * 1024;
const bytes = new Uint8Array(randomBytes(3 * MIB));
const digest = digestOf(bytes);
const methods = (lines: readonly string[]): string[] =>
  lines.map(
    (line) =>
      `${line.split(" ")[0]} ${line.includes("uploads/session") ? "session" : line.includes("uploads/") ? "uploads" : "blob"}`,
  );

describe("an upload", () => {
  it("asks first whether a large blob is there, then costs two requests", async () => {
    const { script, state } = uploadScript({}, [bytes]);
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes);
    expect(state.blobs.has(digest)).toBe(true);
    expect(methods(registry.lines)).toEqual(["HEAD blob", "POST uploads", "PUT session"]);
    expect(registry.requests[1]?.headers["content-length"]).toBe("0");
    expect(registry.requests[2]?.headers).toMatchObject({
      "content-length": String(bytes.byteLength),
      "content-type": "application/octet-stream",
    });
    expect(registry.requests[2]?.path).toBe(
      `/v2/demo/blobs/uploads/session?_state=0&digest=${encodeURIComponent(digest)}`,
    );
  });

  it("sends nothing where the blob is there", async () => {
    const { script, state } = uploadScript({}, [bytes]);
    state.blobs.set(digest, Buffer.from(bytes));
    await using registry = await scriptedRegistry(script);
    const events: string[] = [];
    await testClient().blobs.put(`${registry.host}/demo`, bytes, {
      onProgress: ({ type }) => void events.push(type),
    });
    expect(methods(registry.lines)).toEqual(["HEAD blob"]);
    expect(events).toEqual(["skipped"]);
  });

  it("does not ask first for a tiny blob", async () => {
    const tiny = bytes.subarray(0, 1000);
    const { script } = uploadScript({}, [tiny]);
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, tiny);
    expect(methods(registry.lines)).toEqual(["POST uploads", "PUT session"]);
  });

  it("looks whether it is stored before it sends anything again, where the closing request failed", async () => {
    const { script, state } = uploadScript(
      {
        put: (seen, upload) => {
          commit(seen, upload);
          return { status: 500, body: errorBody("UNKNOWN") };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes);
    expect(state.blobs.has(digest)).toBe(true);
    expect(methods(registry.lines)).toEqual(["HEAD blob", "POST uploads", "PUT session", "HEAD blob"]);
  });

  it("looks whether it is stored where the connection broke after the last byte", async () => {
    const { script } = uploadScript(
      {
        put: (seen, upload) => {
          commit(seen, upload);
          return { status: 0, raw: (response) => response.destroy() };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes);
    expect(methods(registry.lines)).toEqual(["HEAD blob", "POST uploads", "PUT session", "HEAD blob"]);
  });

  it("goes on behind the bytes the registry has, where one request for all of them broke", async () => {
    let broken = false;
    const { script, state } = uploadScript(
      {
        put: (seen, upload) => {
          if (broken) return undefined;
          broken = true;
          upload.bytes = seen.body.subarray(0, MIB);
          return { status: 0, raw: (response) => response.destroy() };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes);
    expect(state.blobs.has(digest)).toBe(true);
    expect(state.sessions).toBe(1);
    expect(methods(registry.lines)).toEqual([
      "HEAD blob",
      "POST uploads",
      "PUT session",
      "HEAD blob",
      "GET session",
      "PATCH session",
      "PUT session",
    ]);
    expect(registry.requests[5]?.headers["content-range"]).toBe(`${MIB}-${3 * MIB - 1}`);
  });

  it("goes on at the byte after the last one, where a chunk broke on its way", async () => {
    let chunk = 0;
    const { script, state } = uploadScript(
      {
        patch: (seen, upload) => {
          chunk += 1;
          if (chunk !== 2) return undefined;
          upload.bytes = Buffer.concat([upload.bytes, seen.body.subarray(0, 1234)]);
          return { status: 0, raw: (response) => response.destroy() };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    const events: string[] = [];
    await testClient().blobs.put(`${registry.host}/demo`, bytes, {
      strategy: "chunked",
      chunkBytes: MIB,
      onProgress: ({ type }) => {
        if (type !== "bytes") events.push(type);
      },
    });
    expect(events).toEqual(["started", "retried", "done"]);
    expect(state.blobs.has(digest)).toBe(true);
    const ranges = registry.requests
      .filter(({ method }) => method === "PATCH")
      .map(({ headers }) => headers["content-range"]);
    expect(ranges).toEqual([
      `0-${MIB - 1}`,
      `${MIB}-${2 * MIB - 1}`,
      `${MIB + 1234}-${2 * MIB + 1233}`,
      `${2 * MIB + 1234}-${3 * MIB - 1}`,
    ]);
  });

  it("begins another where the registry has forgotten it", async () => {
    let chunk = 0;
    const { script, state } = uploadScript(
      {
        patch: () => {
          chunk += 1;
          return chunk === 2 ? { status: 404, body: errorBody("BLOB_UPLOAD_UNKNOWN") } : undefined;
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes, { strategy: "chunked", chunkBytes: MIB });
    expect(state.sessions).toBe(2);
    expect(state.blobs.has(digest)).toBe(true);
  });

  it("gives up after five failures that bring it no further, and cancels", async () => {
    const { script } = uploadScript({ patch: () => ({ status: 503, body: errorBody("UNAVAILABLE") }) }, [
      bytes,
    ]);
    await using registry = await scriptedRegistry(script);
    const put = testClient().blobs.put(`${registry.host}/demo`, bytes, { strategy: "chunked" });
    await expect(put).rejects.toMatchObject({ code: "UNAVAILABLE", status: 503 });
    expect(registry.requests.filter(({ method }) => method === "PATCH")).toHaveLength(5);
    expect(registry.lines.at(-1)).toMatch(/^DELETE .*session/);
  });

  it("is cancelled when it is aborted, with the signal's own reason", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const { script } = uploadScript(
      {
        put: () => {
          controller.abort(reason);
          return { status: 0, raw: () => undefined };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    const put = testClient().blobs.put(`${registry.host}/demo`, bytes, { signal: controller.signal });
    await expect(put).rejects.toBe(reason);
    expect(registry.lines.at(-1)).toMatch(/^DELETE .*session/);
  });

  it("is not closed where the source changes under way", async () => {
    const { script, state } = uploadScript({}, [bytes]);
    await using registry = await scriptedRegistry(script);
    const changed = bytes.slice();
    changed[5] = 255 - (changed[5] ?? 0);
    const cases = [
      { name: "DIGEST_MISMATCH", content: changed },
      { name: "SIZE_MISMATCH", content: bytes.subarray(0, MIB) },
      { name: "SIZE_MISMATCH", content: Buffer.concat([bytes, bytes]) },
    ];
    for (const { name, content } of cases) {
      const body = {
        size: bytes.byteLength,
        async *open(offset: number): AsyncGenerator<Uint8Array> {
          for (let at = offset; at < content.byteLength; at += 100_000)
            yield content.subarray(at, at + 100_000);
        },
      };
      const put = testClient().blobs.put(`${registry.host}/demo`, body, { digest });
      await expect(put).rejects.toMatchObject({ code: name });
      expect(registry.lines.at(-1)).toMatch(/^DELETE .*session/);
    }
    expect(state.blobs.size).toBe(0);
  });

  it("rejects with the source's own error, and does not try again", async () => {
    const { script, state } = uploadScript({}, [bytes]);
    await using registry = await scriptedRegistry(script);
    const failure = new Error("disk on fire");
    const body = {
      size: bytes.byteLength,
      async *open(): AsyncGenerator<Uint8Array> {
        yield bytes.subarray(0, 100_000);
        throw failure;
      },
    };
    const put = testClient().blobs.put(`${registry.host}/demo`, body, { digest });
    await expect(put).rejects.toBe(failure);
    expect(state.sessions).toBe(1);
  });

  it("says when the registry calls the content wrong", async () => {
    const { script } = uploadScript({ put: () => ({ status: 400, body: errorBody("DIGEST_INVALID") }) }, [
      bytes,
    ]);
    await using registry = await scriptedRegistry(script);
    const put = testClient().blobs.put(`${registry.host}/demo`, bytes);
    await expect(put).rejects.toMatchObject({ code: "DIGEST_MISMATCH", status: 400 });
  });

  it("writes a journal that another process goes on by", async () => {
    let chunks = 0;
    const { script, state } = uploadScript(
      {
        patch: () => {
          chunks += 1;
          return chunks === 3 ? { status: 403, body: errorBody("DENIED") } : undefined;
        },
      },
      [bytes],
    );
    // The first process has no time to cancel.
    const { [`DELETE /v2/demo/blobs/uploads/session`]: _, ...uncancelled } = script;
    await using registry = await scriptedRegistry(uncancelled);
    const journals: UploadJournal[] = [];
    const first = testClient().blobs.put(`${registry.host}/demo`, bytes, {
      strategy: "chunked",
      chunkBytes: MIB,
      onJournal: (journal) => void journals.push(journal),
    });
    await expect(first).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(journals.map(({ offset }) => offset)).toEqual([0, MIB, 2 * MIB]);
    const resume = JSON.parse(JSON.stringify(journals.at(-1)));
    await testClient().blobs.put(`${registry.host}/demo`, bytes, { resume });
    expect(state.sessions).toBe(1);
    expect(state.blobs.has(digest)).toBe(true);
    expect(registry.requests.at(-2)?.headers["content-range"]).toBe(`${2 * MIB}-${3 * MIB - 1}`);
  });

  it("of unknown size goes in chunks, none but the last shorter than the registry wants", async () => {
    const { script, state } = uploadScript(
      {
        post: (_, upload) => {
          upload.sessions += 1;
          return {
            status: 202,
            headers: {
              location: "/v2/demo/blobs/uploads/session",
              "oci-chunk-min-length": "700000",
              "oci-chunk-max-length": "1000000",
            },
          };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    async function* source(): AsyncGenerator<Uint8Array> {
      // One buffer, used again for each piece: as a fast reader does.
      const buffer = new Uint8Array(77_777);
      for (let at = 0; at < bytes.byteLength; at += buffer.byteLength) {
        const piece = bytes.subarray(at, at + buffer.byteLength);
        buffer.set(piece);
        yield buffer.subarray(0, piece.byteLength);
      }
    }
    const stored = await testClient().blobs.put(`${registry.host}/demo`, source(), { chunkBytes: 100_000 });
    expect(stored).toMatchObject({ digest, size: bytes.byteLength });
    expect(state.blobs.has(digest)).toBe(true);
    const lengths = registry.requests
      .filter(({ method }) => method === "PATCH")
      .map(({ body }) => body.length);
    expect(lengths.slice(0, -1).every((length) => length === 700_000)).toBe(true);
  });

  it("may be an empty blob", async () => {
    const empty = new Uint8Array();
    const { script, state } = uploadScript({}, [empty]);
    await using registry = await scriptedRegistry(script);
    const client = testClient();
    await client.blobs.put(`${registry.host}/demo`, empty);
    await client.blobs.put(`${registry.host}/demo`, (async function* () {})());
    expect(state.blobs.has(digestOf(empty))).toBe(true);
  });

  it("reports 413, and not the connection that breaks behind it", async () => {
    const { script } = uploadScript(
      {
        post: () => ({ status: 202, headers: { location: "/v2/demo/blobs/uploads/large" } }),
      },
      [bytes],
    );
    await using registry = await scriptedRegistry({
      ...script,
      "PUT /v2/demo/blobs/uploads/large": { status: 413 },
      "PATCH /v2/demo/blobs/uploads/large": { status: 413, body: errorBody("SIZE_INVALID", "too large") },
    });
    const put = testClient().blobs.put(`${registry.host}/demo`, bytes);
    await expect(put).rejects.toMatchObject({ code: "INVALID", status: 413 });
  });
});
