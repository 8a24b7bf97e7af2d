import type { FileHandle } from "node:fs/promises";
import { ContentError } from "@reg/content";
import { onDisk } from "./disk.ts";

/** Where in a file to read, and until when. */
export interface FileRange {
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/**
 * The bytes of a range, read ahead into two buffers that take turns: while one is being sent, hashed or written, the
 * other fills. A chunk is valid until the next one is asked for. The file is not closed.
 *
 * @param beforeLast - Called when everything has been read and before the last chunk is given out.
 */
export async function* fileChunks(
  file: FileHandle,
  path: string,
  range: FileRange,
  options: { readonly signal?: AbortSignal | undefined; readonly beforeLast?: () => Promise<void> } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { start, end } = range;
  const capacity = Math.min(CHUNK_BYTES, end - start);
  let position = start;
  const fill = async (buffer: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const wanted = Math.min(capacity, end - position);
    let length = 0;
    while (length < wanted) {
      const { bytesRead } = await file.read(buffer, length, wanted - length, position + length);
      if (bytesRead === 0) {
        throw new ContentError(
          "SIZE_MISMATCH",
          `${path} ended after ${position + length} bytes; it became shorter.`,
        );
      }
      length += bytesRead;
    }
    position += length;
    if (position === end) await options.beforeLast?.();
    return buffer.subarray(0, length);
  };
  if (capacity === 0) {
    await options.beforeLast?.();
    return;
  }
  const buffers: [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer> | undefined] = [
    allocate(capacity),
    undefined,
  ];
  let turn = 0;
  let ahead: Promise<Uint8Array> | undefined = fill(buffers[0]);
  try {
    while (ahead !== undefined) {
      options.signal?.throwIfAborted();
      const current: Promise<Uint8Array> = ahead;
      ahead = undefined;
      const chunk = await onDisk(path, () => current);
      if (position < end) {
        turn = 1 - turn;
        const next = (turn === 0 ? buffers[0] : buffers[1]) ?? allocate(capacity);
        buffers[turn] = next;
        ahead = fill(next);
        // It is awaited in the next round; until then a failure is nobody's.
        ahead.catch(() => {});
      }
      yield chunk;
    }
  } finally {
    // The file may be closed as soon as this ends: not with a read under way.
    await ahead?.catch(() => {});
  }
}

/** Large enough that system calls do not count, small enough to stay in the processor's cache between read and hash. */
const CHUNK_BYTES = 512 * 1024;

/** Not a Buffer: its `slice` would not copy, and a consumer that keeps a chunk by `slice()` would keep the next one. */
function allocate(size: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = Buffer.allocUnsafe(size);
  return new Uint8Array(buffer, byteOffset, size);
}
