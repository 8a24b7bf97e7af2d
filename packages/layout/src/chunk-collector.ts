/**
 * Turns chunks of any size into writes of a good size: large chunks pass as they are, small ones are collected. Few
 * system calls, few copies.
 */
export class ChunkCollector {
  readonly #put: (bytes: Uint8Array, position: number) => void;
  #slab: Buffer | undefined;
  #inSlab = 0;
  #position: number;

  /** @param put - Takes the bytes that belong at a position; they are valid until it returns. */
  constructor(put: (bytes: Uint8Array, position: number) => void, position = 0) {
    this.#put = put;
    this.#position = position;
  }

  /** One past the last byte taken. */
  get position(): number {
    return this.#position + this.#inSlab;
  }

  /** One past the last byte handed on. */
  get flushed(): number {
    return this.#position;
  }

  write(chunk: Uint8Array): void {
    const size = chunk.byteLength;
    if (size >= DIRECT_BYTES) {
      this.flush();
      this.#put(chunk, this.#position);
      this.#position += size;
      return;
    }
    let from = 0;
    while (from < size) {
      const part = Math.min(size - from, SLAB_BYTES - this.#inSlab);
      this.#slab ??= spare.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#slab.set(chunk.subarray(from, from + part), this.#inSlab);
      this.#inSlab += part;
      from += part;
      if (this.#inSlab === SLAB_BYTES) this.flush();
    }
  }

  /** Writes what has been collected. */
  flush(): void {
    const length = this.#inSlab;
    if (length === 0 || this.#slab === undefined) return;
    this.#put(this.#slab.subarray(0, length), this.#position);
    this.#inSlab = 0;
    this.#position += length;
  }

  /** Forgets what has been collected and goes on from another position. */
  reset(position: number): void {
    this.#inSlab = 0;
    this.#position = position;
  }

  /** Forgets what has been collected, and leaves the memory to the next collector. */
  release(): void {
    if (this.#slab !== undefined && spare.length < MAX_SPARE_SLABS) spare.push(this.#slab);
    this.#slab = undefined;
    this.#inSlab = 0;
  }
}

const spare: Buffer[] = [];
const MAX_SPARE_SLABS = 4;

/** One system call for this many bytes; more gains nothing. */
const SLAB_BYTES = 1024 * 1024;

/** From here on a copy costs more than a system call. */
const DIRECT_BYTES = 64 * 1024;
