import type { ContentBody } from "@reg/content";
import { RegistryError } from "./errors.ts";

/** Holds a stream in memory, where it can be sent only once its end is known. */
export class Spool {
  readonly #registry: string;
  readonly #limit: number;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;

  /** @param limit - Bytes at most: `limits.spoolBytes`. */
  constructor(registry: string, limit: number) {
    this.#registry = registry;
    this.#limit = limit;
  }

  /** Takes a copy. `SIZE_EXCEEDED` beyond the limit. */
  add(bytes: Uint8Array): void {
    this.#size += bytes.byteLength;
    if (this.#size > this.#limit) {
      throw new RegistryError(
        "SIZE_EXCEEDED",
        `${this.#registry} takes no blob in chunks, so a stream of unknown size is held in memory whole, and this one has more ` +
          `than ${this.#limit} bytes (option limits.spoolBytes). Give it as { size, open } instead.`,
        { registry: this.#registry },
      );
    }
    this.#pieces.push(new Uint8Array(bytes));
  }

  /** What was added, from any byte on. */
  body(): Exclude<ContentBody, Uint8Array> {
    const pieces = this.#pieces;
    return {
      size: this.#size,
      async *open(offset) {
        let toSkip = offset;
        for (const piece of pieces) {
          const part = piece.subarray(toSkip);
          toSkip = Math.max(0, toSkip - piece.byteLength);
          if (part.byteLength > 0) yield part;
        }
      },
    };
  }
}
