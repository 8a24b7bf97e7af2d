const END_OF_HEAD = Buffer.from("\r\n\r\n");
/** The beginning of an interim answer (1xx), which another head follows. */
const INTERIM = "HTTP/1.1 1";

/**
 * Follows the heads of answers through the pieces they come in. undici keeps views of a head's fields until the head is
 * complete: as long as it is not, its bytes have to stay where they are.
 */
export class AnswerHead {
  #isExpected = false;
  /** The first characters of the head that is coming. */
  #start = "";
  /** The last bytes of what has come, in which its end may have begun. */
  #tail: Uint8Array = new Uint8Array();

  /** Something was sent: what comes next is an answer. */
  expect(): void {
    this.#isExpected = true;
  }

  /** Whether what comes next is the first byte of a head. */
  get isNext(): boolean {
    return this.#isExpected && this.#start === "";
  }

  /** Takes the next bytes, and tells whether they end within a head. */
  endsWithin(bytes: Uint8Array): boolean {
    let rest = bytes;
    while (this.#isExpected && rest.byteLength > 0) {
      const wanted = INTERIM.length - this.#start.length;
      this.#start += Buffer.from(rest.subarray(0, wanted)).toString("latin1");
      const end = endIn(this.#tail, rest);
      if (end === -1) {
        this.#tail = lastOf(this.#tail, rest);
        return true;
      }
      this.#isExpected = this.#start === INTERIM;
      this.#start = "";
      this.#tail = new Uint8Array();
      rest = rest.subarray(end);
    }
    return false;
  }
}

/** Where in the bytes a head ends, whose end may have begun in those before them; -1 where it does not. */
function endIn(before: Uint8Array, bytes: Uint8Array): number {
  const seam = Buffer.concat([before, bytes.subarray(0, END_OF_HEAD.length - 1)]);
  const across = seam.indexOf(END_OF_HEAD);
  if (across !== -1) return across + END_OF_HEAD.length - before.byteLength;
  const within = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(END_OF_HEAD);
  return within === -1 ? -1 : within + END_OF_HEAD.length;
}

function lastOf(before: Uint8Array, bytes: Uint8Array): Uint8Array {
  const kept = END_OF_HEAD.length - 1;
  return Buffer.concat([before, bytes.subarray(Math.max(0, bytes.byteLength - kept))]).subarray(-kept);
}
