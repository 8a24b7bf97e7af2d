/** Collects a stream into pieces of one size. */
export class StreamWindow {
  size: number;
  #buffer: Uint8Array;
  length = 0;
  /** Of the chunk that did not fit in. */
  #rest: Uint8Array = new Uint8Array();

  constructor(size: number) {
    this.size = size;
    this.#buffer = new Uint8Array(size);
  }

  resize(size: number): void {
    const kept = this.#buffer.subarray(0, this.length);
    const rest = this.#rest;
    this.size = size;
    this.length = 0;
    this.#buffer = new Uint8Array(size);
    this.#rest = new Uint8Array(kept.byteLength + rest.byteLength);
    this.#rest.set(kept);
    this.#rest.set(rest, kept.byteLength);
    this.#refill();
  }

  /** True where the stream has ended, and what is here is the last of it. */
  async fill(iterator: AsyncIterator<Uint8Array>): Promise<boolean> {
    this.#refill();
    while (this.length < this.size) {
      const step = await iterator.next();
      if (step.done === true) return true;
      this.#rest = step.value;
      this.#refill();
    }
    // Kept beyond the next step of the stream, which may use its memory again. A Buffer's slice would be no copy.
    this.#rest = new Uint8Array(this.#rest);
    return false;
  }

  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  #refill(): void {
    const part = this.#rest.subarray(0, this.size - this.length);
    this.#buffer.set(part, this.length);
    this.length += part.byteLength;
    this.#rest = this.#rest.subarray(part.byteLength);
  }
}
