import { createGunzip } from "node:zlib";
import { ContentError } from "@reg/content";
import { through } from "./through.ts";
import { unzstd } from "./unzstd.ts";

/** How content is packed. */
export type Compression = "none" | "gzip" | "zstd";

/** What unpacking may produce at most, so that a small file cannot fill the memory, the disk or the day. */
export interface UnpackLimits {
  /** Bytes of output. Default 64 GiB, more than any layer in use. */
  readonly outputBytes?: number | undefined;
  /**
   * Bytes of output to one of input, looked at from 256 MiB of output on: below that nothing is harmed. Default 200;
   * text packs 5 to 20 times, and gzip's own limit is 1,032.
   */
  readonly ratio?: number | undefined;
}

/** The first bytes tell (RFC 1952, 2.3.1; RFC 8878, 3.1.1 and 3.1.2, for zstd may begin with a frame to be skipped). */
export function detectCompression(head: Uint8Array): Compression {
  const [a, b, c, d] = head;
  if (a === 0x1f && b === 0x8b) return "gzip";
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return "zstd";
  if (a !== undefined && a >> 4 === 0x5 && b === 0x2a && c === 0x4d && d === 0x18) return "zstd";
  return "none";
}

/**
 * Unpacks a stream, whatever it is packed with. Code `SIZE_EXCEEDED` past a limit, `INVALID` where the packed bytes
 * are damaged. Errors of the source pass unchanged. The source is read to its end even where the packed data ends
 * before, so that it can verify itself.
 */
export async function* decompress(
  source: AsyncIterable<Uint8Array>,
  limits: UnpackLimits = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { outputBytes = OUTPUT_BYTES, ratio = RATIO } = limits;
  const input = new Peeked(source);
  try {
    const compression = detectCompression(await input.head(4));
    let output = 0;
    for await (const chunk of compression === "none" ? input.chunks() : inflate(input, compression)) {
      output += chunk.byteLength;
      if (output > outputBytes) {
        throw new ContentError(
          "SIZE_EXCEEDED",
          `Unpacked it has more than the limit of ${outputBytes} bytes (limits.outputBytes).`,
        );
      }
      if (compression !== "none" && output > RATIO_FROM_BYTES && output > ratio * input.taken) {
        throw new ContentError(
          "SIZE_EXCEEDED",
          `It unpacks to more than ${ratio} times its size (limits.ratio).`,
        );
      }
      yield chunk;
    }
  } finally {
    await input.close();
  }
}

/** Looks at the first bytes of a stream; `chunks` are all of its bytes. */
export async function peekCompression(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly compression: Compression; readonly chunks: AsyncIterable<Uint8Array> }> {
  const input = new Peeked(source);
  const compression = detectCompression(await input.head(4));
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* input.chunks();
    } finally {
      await input.close();
    }
  }
  return { compression, chunks: chunks() };
}

const OUTPUT_BYTES = 64 * 1024 ** 3;
const RATIO = 200;
const RATIO_FROM_BYTES = 256 * 1024 ** 2;

/** Larger pieces than zlib's 16 KiB: less time between the pieces than in them. */
const INFLATE_CHUNK_BYTES = 256 * 1024;

async function* inflate(
  input: Peeked,
  compression: "gzip" | "zstd",
): AsyncGenerator<Uint8Array, void, undefined> {
  const options = { chunkSize: INFLATE_CHUNK_BYTES };
  const failed: { cause?: unknown } = {};
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* input.chunks();
    } catch (cause) {
      failed.cause = cause;
      throw cause;
    }
  }
  try {
    yield* compression === "gzip" ? through(chunks(), createGunzip(options)) : unzstd(chunks(), options);
    // Bytes behind the packed data belong to the content all the same.
    await input.drain();
  } catch (cause) {
    if ("cause" in failed) throw failed.cause;
    throw new ContentError("INVALID", `The ${compression} data is damaged.`, { cause });
  }
}

/** A stream whose first bytes can be looked at before it is read, and that counts what is. */
class Peeked {
  taken = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #ahead: Uint8Array[] = [];
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async head(length: number): Promise<Uint8Array> {
    let head = Buffer.alloc(0);
    while (head.byteLength < length) {
      const next = await this.#next();
      if (next === undefined) break;
      // Copied: the source may reuse the chunk for the next.
      this.#ahead.push(Buffer.from(next));
      head = Buffer.concat([head, next]);
    }
    return head.subarray(0, length);
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const chunk = this.#ahead.shift() ?? (await this.#next());
      if (chunk === undefined) return;
      this.taken += chunk.byteLength;
      yield chunk;
    }
  }

  async drain(): Promise<void> {
    while ((await this.#next()) !== undefined);
  }

  async close(): Promise<void> {
    if (!this.#ended) await this.#iterator.return?.();
  }

  async #next(): Promise<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    let result: IteratorResult<Uint8Array>;
    try {
      result = await this.#iterator.next();
    } catch (error) {
      this.#ended = true;
      throw error;
    }
    if (result.done === true) {
      this.#ended = true;
      return undefined;
    }
    return result.value;
  }
}
