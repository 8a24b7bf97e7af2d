import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { digestOf } from "@reg/content";
import { fileWriter } from "@reg/layout";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Seen, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

const bytes = new Uint8Array(randomBytes(2_000_000));
const digest = digestOf(bytes);
const BLOB = `GET /v2/demo/blobs/${digest}`;
const size = bytes.byteLength;

const whole: Answer = { status: 200, headers: { "content-length": String(size) }, body: bytes };
const rest = ({ headers }: Seen): Answer => {
  const start = Number(headers.range?.slice("bytes=".length).split("-")[0]);
  return {
    status: 206,
    headers: { "content-range": `bytes ${start}-${size - 1}/${size}` },
    body: bytes.subarray(start),
  };
};

describe("saving a blob to a file", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "client-save-"));
  });

  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it("takes a HEAD for the size, none where that is known, and one GET", async () => {
    await using registry = await scriptedRegistry({
      [BLOB]: whole,
      [`HEAD /v2/demo/blobs/${digest}`]: { status: 200, headers: { "content-length": String(size) } },
    });
    const path = join(folder, "plain");
    const ref = `${registry.host}/demo@${digest}`;
    const saved = await testClient().blobs.save(ref, (descriptor) => fileWriter(path, descriptor));
    expect(saved).toMatchObject({ digest, size });
    expect(digestOf(await readFile(path))).toBe(digest);
    await testClient().blobs.save(ref, (descriptor) => fileWriter(path, descriptor), { size });
    expect(registry.requests.map(({ method }) => method)).toEqual(["HEAD", "GET", "GET"]);
  });

  it("goes on by another client with what the first one left, and leaves nothing else behind", async () => {
    let turn = 0;
    await using registry = await scriptedRegistry({
      [BLOB]: (seen) => {
        turn += 1;
        if (turn > 1) return rest(seen);
        return {
          status: 0,
          raw: (response) => {
            response.writeHead(200, { "content-length": size });
            response.write(bytes.subarray(0, 1_500_000));
          },
        };
      },
    });
    const path = join(folder, "resumed");
    const ref = `${registry.host}/demo@${digest}`;
    const controller = new AbortController();
    const reason = new Error("killed");
    const first = testClient().blobs.save(ref, (descriptor) => fileWriter(path, descriptor), {
      size,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === "bytes" && event.done >= 1_000_000) controller.abort(reason);
      },
    });
    await expect(first).rejects.toBe(reason);
    await expect(stat(path)).rejects.toThrow();

    const done: number[] = [];
    await testClient().blobs.save(ref, (descriptor) => fileWriter(path, descriptor), {
      size,
      onProgress: (event) => void (event.type === "bytes" && done.push(event.done)),
    });
    expect(digestOf(await readFile(path))).toBe(digest);
    const start = Number(registry.requests[1]?.headers.range?.slice("bytes=".length, -1));
    expect(start).toBeGreaterThan(0);
    expect(done[0]).toBeGreaterThan(start);
    expect(done.at(-1)).toBe(size);
    expect((await readdir(folder)).filter((name) => name.includes("resumed"))).toEqual(["resumed"]);
  });

  it("leaves no file where the content is another one", async () => {
    const other = new Uint8Array(bytes);
    other[0] = 255 - (other[0] ?? 0);
    await using registry = await scriptedRegistry({ [BLOB]: { ...whole, body: other } });
    const path = join(folder, "wrong");
    const saved = testClient().blobs.save(
      `${registry.host}/demo@${digest}`,
      (descriptor) => fileWriter(path, descriptor),
      { size },
    );
    await expect(saved).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    expect((await readdir(folder)).filter((name) => name.includes("wrong"))).toEqual([]);
  });
});
