import { ContentError } from "@reg/content";
import type { Header } from "tar-stream";
import { BLOCK_BYTES } from "./tar-index.ts";

/**
 * Forgives a tar that ends with its last file, without the padding to a whole block: some builders write those, and
 * Go's reader, which runtimes use, takes them. One that ends within a file is cut short all the same.
 */
export class TarEnd {
  #total = 0;
  #lastEnd = 0;

  /** To be told of every chunk. */
  add(chunk: Uint8Array): void {
    this.#total += chunk.byteLength;
  }

  /** To be told of every entry. */
  enter(header: Header): void {
    // tar-stream sets it, and does not declare it: where the content begins in all that it was given.
    const { byteOffset } = header as Header & { readonly byteOffset?: number };
    this.#lastEnd = (byteOffset ?? 0) + (header.type === "directory" ? 0 : header.size);
  }

  /** What is missing to a whole block. */
  padding(): Uint8Array | undefined {
    const rest = this.#total % BLOCK_BYTES;
    return rest === 0 ? undefined : new Uint8Array(BLOCK_BYTES - rest);
  }

  /** To be called behind the end, and before the last content counts: code `INVALID` where padding became content. */
  assertWhole(): void {
    if (this.#lastEnd > this.#total) {
      throw new ContentError("INVALID", "The tar archive is cut short: its last file has no end.");
    }
  }
}
