import { ContentError } from "./errors.ts";
import type { ByteStream } from "./store.ts";

/**
 * Makes a stream of chunks a {@link ByteStream}.
 *
 * @param size - Bytes that are expected to come.
 * @param release - Gives the stream up when nobody has begun to read it; a stream being read is ended by leaving its
 * iteration.
 */
export function byteStream(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  size: number,
  release?: () => void | Promise<void>,
): ByteStream {
  let iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  const start = (): AsyncIterator<Uint8Array> | Iterator<Uint8Array> => {
    if (iterator !== undefined) throw new ContentError("INVALID", "The stream has been read already.");
    iterator = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]();
    return iterator;
  };
  return {
    size,
    [Symbol.asyncIterator]: () => {
      const source = start();
      return {
        next: async () => source.next(),
        return: async () => {
          await source.return?.();
          return { done: true, value: undefined };
        },
      };
    },
    async bytes(limit) {
      return concat(this, size, limit);
    },
    async discard() {
      try {
        if (iterator === undefined) {
          iterator = [][Symbol.iterator]();
          await release?.();
        } else {
          await iterator.return?.();
        }
      } catch {
        // Whoever gives a stream up does not care how it would have ended.
      }
    },
  };
}

/** Bytes that are all there, as a stream. */
export function bytesStream(bytes: Uint8Array): ByteStream {
  return byteStream(bytes.byteLength === 0 ? [] : [bytes], bytes.byteLength);
}

async function concat(chunks: AsyncIterable<Uint8Array>, size: number, limit: number): Promise<Uint8Array> {
  if (size > limit) throw tooLarge(limit);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > limit) throw tooLarge(limit);
    // Copied: a chunk is only valid until the next one is asked for. (A Node Buffer's slice() would be no copy.)
    parts.push(new Uint8Array(chunk));
  }
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function tooLarge(limit: number): ContentError {
  return new ContentError("SIZE_EXCEEDED", `The content is larger than the limit of ${limit} bytes.`);
}
