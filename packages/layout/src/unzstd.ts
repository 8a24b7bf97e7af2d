import { createZstdDecompress, type ZstdOptions } from "node:zlib";
import { ZstdFrames } from "./zstd-frames.ts";

/**
 * Unpacks zstd data of any number of frames, which Node's own stream does not: it ends behind the first. Layers made to
 * be fetched in parts (zstd:chunked) are many frames, and some to be skipped (RFC 8878, 3.1).
 */
export async function* unzstd(
  source: AsyncIterable<Uint8Array>,
  options: ZstdOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  const position = new ZstdFrames();
  let rest: Buffer | undefined;
  const followed: AsyncIterator<Uint8Array> = {
    async next() {
      const result = await iterator.next();
      if (result.done !== true) position.add(result.value);
      return result;
    },
  };
  try {
    for (;;) {
      rest ??= await nextChunk(followed);
      if (rest === undefined) {
        if (!position.complete) throw new Error("The zstd data ends within a frame.");
        return;
      }
      const frames = new Frames(rest, followed, options);
      yield* frames.read();
      rest = frames.rest;
    }
  } finally {
    await iterator.return?.();
  }
}

async function nextChunk(iterator: AsyncIterator<Uint8Array>): Promise<Buffer | undefined> {
  for (;;) {
    const { done, value } = await iterator.next();
    if (done === true) return undefined;
    // Copied: the stream reads from it after the source has gone on. Empty ones say nothing.
    if (value.byteLength > 0) return Buffer.from(value);
  }
}

/** One stream of Node's, from the beginning of a frame on, for as far as it goes. */
class Frames {
  /** What it was given and did not take. */
  rest: Buffer | undefined;
  readonly #first: Buffer;
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #inflater: ReturnType<typeof createZstdDecompress>;

  constructor(first: Buffer, iterator: AsyncIterator<Uint8Array>, options: ZstdOptions) {
    this.#first = first;
    this.#iterator = iterator;
    this.#inflater = createZstdDecompress(options);
  }

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    const inflater = this.#inflater;
    const feeding = this.#feed().catch((error: unknown) => {
      inflater.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    try {
      // A transform of bytes gives bytes.
      yield* inflater as AsyncIterable<Uint8Array>;
    } finally {
      inflater.destroy();
      await feeding;
    }
  }

  async #feed(): Promise<void> {
    const inflater = this.#inflater;
    let fed = 0;
    for (
      let chunk: Buffer | undefined = this.#first;
      chunk !== undefined;
      chunk = await nextChunk(this.#iterator)
    ) {
      const written = chunk;
      fed += written.byteLength;
      await new Promise<void>((resolve) => {
        inflater.once("close", resolve);
        inflater.write(written, () => {
          inflater.removeListener("close", resolve);
          resolve();
        });
      });
      const left = fed - inflater.bytesWritten;
      if (left >= fed) throw new Error("The data between two zstd frames is no frame.");
      if (left > 0) {
        this.rest = written.subarray(written.byteLength - left);
        return;
      }
      if (inflater.destroyed) return;
    }
    inflater.end();
  }
}
