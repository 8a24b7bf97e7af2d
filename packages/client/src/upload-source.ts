import { type ContentBody, createHasher, digestAlgorithm, type Hasher } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { RequestBody } from "@reg/transport";
import { RegistryError } from "./errors.ts";

export interface UploadSourceOptions {
  /** Checked while the bytes pass, so that a source that changes is noticed before the upload is closed. */
  readonly verify?: Digest | undefined;
  readonly onBytes?: ((taken: number) => void) | undefined;
}

/** The content of an upload: any part of it, any number of times. */
export class UploadSource {
  readonly size: number;
  /** What reading the source failed with: no fault of the registry, and no reason to try again. */
  failure: { readonly error: unknown } | undefined;
  readonly #body: ContentBody;
  readonly #options: UploadSourceOptions;
  readonly #hasher: Hasher | undefined;
  #hashed = 0;

  constructor(body: ContentBody, options: UploadSourceOptions = {}) {
    this.#body = body;
    this.#options = options;
    this.size = body instanceof Uint8Array ? body.byteLength : body.size;
    // Bytes in memory do not change, and the registry checks them too.
    this.#hasher =
      options.verify === undefined || body instanceof Uint8Array
        ? undefined
        : createHasher(digestAlgorithm(options.verify));
  }

  /** The bytes from `start` on, as the body of a request. */
  slice(start: number, length: number): RequestBody {
    const body = this.#body;
    if (body instanceof Uint8Array && this.#options.onBytes === undefined) {
      return body.subarray(start, start + length);
    }
    return {
      size: length,
      open: (offset, signal) => this.#read(start + offset, start + length, signal),
    };
  }

  async *#read(
    from: number,
    to: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let position = from;
    const body = this.#body;
    try {
      const chunks = body instanceof Uint8Array ? pieces(body, from) : body.open(from, signal);
      for await (const chunk of chunks) {
        const part = chunk.subarray(0, to - position);
        if (part.byteLength < chunk.byteLength && to === this.size) throw changed("has grown");
        this.#check(part, position);
        position += part.byteLength;
        if (part.byteLength > 0) yield part;
        this.#options.onBytes?.(position);
        if (position === to && to < this.size) return;
      }
      if (position < to) throw changed(`ended after ${position} of ${this.size} bytes`);
    } catch (error) {
      if (signal?.aborted !== true) this.failure ??= { error };
      throw error;
    }
  }

  /** Hashes what has not been hashed yet, and compares before the last byte is handed over. */
  #check(part: Uint8Array, position: number): void {
    const hasher = this.#hasher;
    if (hasher === undefined || this.#hashed < position || position + part.byteLength <= this.#hashed) return;
    hasher.update(part.subarray(this.#hashed - position));
    this.#hashed = position + part.byteLength;
    if (this.#hashed < this.size) return;
    const actual = hasher.digest();
    if (actual !== this.#options.verify) {
      throw new RegistryError(
        "DIGEST_MISMATCH",
        `The content to be pushed as ${this.#options.verify ?? ""} has the digest ${actual}; the upload was not closed.`,
      );
    }
  }
}

/** Small enough that progress is seen to be made, large enough to cost nothing. */
const PIECE_BYTES = 256 * 1024;

function* pieces(bytes: Uint8Array, from: number): Generator<Uint8Array, void, undefined> {
  for (let at = from; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

function changed(how: string): RegistryError {
  return new RegistryError(
    "SIZE_MISMATCH",
    `The content to be pushed ${how}: it has changed meanwhile, and the upload was not closed.`,
  );
}
