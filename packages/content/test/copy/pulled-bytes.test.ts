import { expect, test } from "vitest";
import { pulledBytes } from "../../src/copy/pulled-bytes.ts";
import type { ByteSink } from "../../src/index.ts";
import { randomBytes } from "../support/images.ts";

const never = new AbortController().signal;

test("passes chunks on as they are asked for, though the source uses one buffer for all", async () => {
  const content = randomBytes(1_000_000, 3);
  const fetchInto = async (sink: ByteSink): Promise<void> => {
    const buffer = new Uint8Array(100_000);
    // Small ones among them: a writer may ask for the next while one of those is still under way.
    for (let at = 0, size = 100_000; at < content.length; at += size, size = size === 100_000 ? 7 : 100_000) {
      const part = content.subarray(at, at + size);
      buffer.set(part);
      await sink.write(buffer.subarray(0, part.length));
      buffer.fill(0);
    }
  };
  const small: Uint8Array[] = [];
  const seen: Uint8Array[] = [];
  for await (const chunk of pulledBytes(fetchInto, never)) {
    seen.push(new Uint8Array(chunk));
    if (chunk.byteLength === 7) small.push(chunk);
  }
  expect(Buffer.concat(seen).equals(content)).toBe(true);
  expect(small.some((chunk) => chunk.every((byte) => byte === 0))).toBe(false);
});

test("ends with the failure of the source, after what came before it", async () => {
  const seen: number[] = [];
  const reading = async (): Promise<void> => {
    const chunks = pulledBytes(async (sink) => {
      await sink.write(new Uint8Array(3));
      throw new Error("connection lost");
    }, never);
    for await (const chunk of chunks) seen.push(chunk.byteLength);
  };
  await expect(reading()).rejects.toThrow("connection lost");
  expect(seen).toEqual([3]);
});

test("stops the source where the iteration is left, and lets go of what it had offered", async () => {
  let stopped = false;
  let released = false;
  const chunks = pulledBytes(async (sink, signal) => {
    await sink.write(new Uint8Array(100_000));
    released = true;
    stopped = signal.aborted;
  }, never);
  for await (const _ of chunks) break;
  expect({ stopped, released }).toEqual({ stopped: true, released: true });
});

test("hands the caller's abort to the source", async () => {
  const caller = new AbortController();
  const chunks = pulledBytes(
    (_, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    caller.signal,
  );
  const next = chunks.next();
  caller.abort(new Error("enough"));
  await expect(next).rejects.toThrow("enough");
});
