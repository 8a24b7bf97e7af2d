import { TransportError } from "./errors.ts";
import type { ResponseBody } from "./transport.ts";

/** A rest up to this size is read so that the connection can be used again: cheaper than a new handshake. */
const DISCARD_BYTES = 64 * 1024;
/** A peer that sends its small rest more slowly than this loses its connection. */
const DISCARD_MILLISECONDS = 1_000;

/**
 * A body from any iterator of chunks. `iterator.return()` has to give the connection up.
 *
 * @param length - the announced length, so that a body over a limit is refused before it is read.
 */
export function responseBody(iterator: AsyncIterator<Uint8Array, unknown>, length?: number): ResponseBody {
  let used = false;
  const open = (): AsyncIterator<Uint8Array, unknown> => {
    if (used) throw usedAlready();
    used = true;
    return iterator;
  };
  const bytes = async (limit: number): Promise<Uint8Array> => {
    const source = open();
    if (length !== undefined && length > limit) {
      await source.return?.();
      throw tooLarge(limit);
    }
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (let step = await source.next(); !step.done; step = await source.next()) {
      size += step.value.byteLength;
      if (size > limit) {
        await source.return?.();
        throw tooLarge(limit);
      }
      chunks.push(step.value);
    }
    return concatenate(chunks, size);
  };
  return {
    [Symbol.asyncIterator]: open,
    bytes,
    json: async (limit) => parseJson(await bytes(limit)),
    discard: async () => {
      if (used) return;
      used = true;
      await drain(iterator, length);
    },
  };
}

/** A body without bytes. */
export function emptyBody(): ResponseBody {
  return new EmptyBody();
}

/** Most answers to small requests have one, so it holds next to nothing. */
class EmptyBody implements ResponseBody {
  #used = false;

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    this.#use();
    return { next: async () => ({ done: true, value: undefined }) };
  }

  async bytes(): Promise<Uint8Array> {
    this.#use();
    return new Uint8Array(0);
  }

  async json(): Promise<unknown> {
    return parseJson(await this.bytes());
  }

  discard(): Promise<void> {
    this.#used = true;
    return NOTHING_LEFT;
  }

  #use(): void {
    if (this.#used) throw usedAlready();
    this.#used = true;
  }
}

const NOTHING_LEFT: Promise<void> = Promise.resolve();

function usedAlready(): TypeError {
  return new TypeError("This body has been read already: it can be read once");
}

function tooLarge(limit: number): TransportError {
  return new TransportError("SIZE_EXCEEDED", `The answer's body is larger than the limit of ${limit} bytes`);
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const only = chunks[0];
  if (chunks.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the body, which may hold a token.
    throw new TransportError("PROTOCOL", "The answer's body is not JSON");
  }
}

async function drain(
  iterator: AsyncIterator<Uint8Array, unknown>,
  length: number | undefined,
): Promise<void> {
  try {
    if (length !== undefined && length > DISCARD_BYTES) {
      await iterator.return?.();
      return;
    }
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      iterator.return?.()?.catch(() => undefined);
    }, DISCARD_MILLISECONDS);
    try {
      let size = 0;
      for (let step = await iterator.next(); !step.done && !expired; step = await iterator.next()) {
        size += step.value.byteLength;
        if (size > DISCARD_BYTES) {
          await iterator.return?.();
          return;
        }
      }
    } finally {
      clearTimeout(timer);
    }
  } catch {
    // Nobody waits for the rest of this body: how it ended changes nothing.
  }
}
