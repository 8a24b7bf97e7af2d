/**
 * Follows zstd data from frame to frame without unpacking it, to know whether it ends where a frame does: Node 22 takes
 * data that is cut short for whole (RFC 8878, 3.1.1 and 3.1.2). What is no zstd is for the decoder to find out.
 */
export class ZstdFrames {
  /** Bytes to pass over before the next field. */
  #skip = 0;
  /** The field being collected, and how long it is. */
  #field: number[] = [];
  #wanted = MAGIC_BYTES;
  #state: "magic" | "descriptor" | "block" | "skippable" = "magic";
  #hasChecksum = false;

  /** Whether a frame has just ended, or nothing has begun. */
  get complete(): boolean {
    return this.#state === "magic" && this.#skip === 0 && this.#field.length === 0;
  }

  add(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.byteLength) {
      if (this.#skip > 0) {
        const part = Math.min(this.#skip, chunk.byteLength - at);
        this.#skip -= part;
        at += part;
        continue;
      }
      this.#field.push(chunk[at] ?? 0);
      at += 1;
      if (this.#field.length === this.#wanted) this.#next();
    }
  }

  #next(): void {
    const [a = 0, b = 0, c = 0, d = 0] = this.#field;
    this.#field = [];
    switch (this.#state) {
      case "magic":
        // 0x184D2A5? is a frame to be skipped, whose length comes next.
        if (b === 0x2a && c === 0x4d && d === 0x18) this.#expect("skippable", LENGTH_BYTES);
        else this.#expect("descriptor", 1);
        break;
      case "skippable":
        this.#skip = a + b * 2 ** 8 + c * 2 ** 16 + d * 2 ** 24;
        this.#expect("magic", MAGIC_BYTES);
        break;
      case "descriptor": {
        const singleSegment = (a & 0x20) !== 0;
        this.#hasChecksum = (a & 0x04) !== 0;
        const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][a >> 6] ?? 0;
        const dictionary = [0, 1, 2, 4][a & 0x03] ?? 0;
        this.#skip = (singleSegment ? 0 : 1) + dictionary + contentSize;
        this.#expect("block", BLOCK_HEADER_BYTES);
        break;
      }
      case "block": {
        const header = a + b * 2 ** 8 + c * 2 ** 16;
        const isRepeated = ((header >> 1) & 0x03) === 1;
        const isLast = (header & 1) === 1;
        this.#skip = isRepeated ? 1 : header >> 3;
        if (isLast && this.#hasChecksum) this.#skip += CHECKSUM_BYTES;
        if (isLast) this.#expect("magic", MAGIC_BYTES);
        else this.#expect("block", BLOCK_HEADER_BYTES);
        break;
      }
    }
  }

  #expect(state: "magic" | "descriptor" | "block" | "skippable", bytes: number): void {
    this.#state = state;
    this.#wanted = bytes;
  }
}

const MAGIC_BYTES = 4;
const LENGTH_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const CHECKSUM_BYTES = 4;
