import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ContentError } from "@reg/content";
import type { ByteRange } from "./storage.ts";

/** Large enough that system calls do not count, small enough to stay in the processor's cache until it is sent. */
const CHUNK_BYTES = 512 * 1024;

/**
 * The bytes of a file, or of a range of it, by two buffers that take turns: while one is being sent, the other fills.
 * A chunk is valid until the next one is asked for. Links, pipes and devices are not read: `POLICY_REFUSED`; a file
 * that is not there is `NOT_FOUND`.
 */
export async function* readFileRange(
  path: string,
  range?: ByteRange,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { file, size } = await openRegularFile(path);
  let ahead: Promise<Uint8Array> | undefined;
  try {
    const { start, end } = range ?? { start: 0, end: size };
    const capacity = Math.min(CHUNK_BYTES, end - start);
    let [buffer, other]: [Buffer, Buffer | undefined] = [Buffer.allocUnsafe(capacity), undefined];
    let position = start;
    ahead = position < end ? fill(file, buffer, position, end) : undefined;
    while (ahead !== undefined) {
      const chunk: Uint8Array = await ahead;
      position += chunk.byteLength;
      if (position < end) {
        [buffer, other] = [other ?? Buffer.allocUnsafe(capacity), buffer];
        ahead = fill(file, buffer, position, end);
        ahead.catch(() => {}); // awaited in the next round; until then a failure is nobody's
      } else {
        ahead = undefined;
      }
      yield chunk;
    }
  } finally {
    // Not with a read under way.
    await ahead?.catch(() => {});
    await file.close();
  }
}

async function openRegularFile(path: string): Promise<{ readonly file: FileHandle; readonly size: number }> {
  // O_NONBLOCK: opening a pipe would wait for its writer.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const file = await open(path, flags).catch((cause: unknown) => {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT") throw new ContentError("NOT_FOUND", `There is no ${path}.`, { cause });
    if (code === "ELOOP")
      throw new ContentError("POLICY_REFUSED", `${path} is a link, which is not followed.`);
    throw cause;
  });
  const stats = await file.stat();
  if (stats.isFile()) return { file, size: stats.size };
  await file.close();
  throw new ContentError("POLICY_REFUSED", `${path} is not a regular file.`);
}

async function fill(file: FileHandle, buffer: Buffer, position: number, end: number): Promise<Uint8Array> {
  const wanted = Math.min(buffer.byteLength, end - position);
  let length = 0;
  while (length < wanted) {
    const { bytesRead } = await file.read(buffer, length, wanted - length, position + length);
    if (bytesRead === 0) throw new ContentError("SIZE_MISMATCH", "A file became shorter while it was read.");
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
