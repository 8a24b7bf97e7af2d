import type { Socket } from "node:net";
import { AnswerHead } from "./answer-head.ts";
import type { PreparedSocket } from "./connector.ts";
import { onWrite, skipContinue } from "./skip-continue.ts";

/** Larger ones measured no better, and each connection that carries large bodies has one. */
const READ_BUFFER_BYTES = 256 * 1024;
/** What is enough for the answers of an API: many connections see nothing else, and large buffers call the collector. */
const FIRST_BUFFER_BYTES = 16 * 1024;
/** One that was filled is followed by one so many times as large. */
const GROWTH = 4;
/** TLS hands over a record at a time, of 16 KiB at most (RFC 8446, section 5.1). */
const TLS_READ_BUFFER_BYTES = 64 * 1024;
const MAX_RECORD_BYTES = 16 * 1024;
/** Buffers of closed connections, kept for the next ones. */
const MAX_SPARE_BUFFERS = 8;

const spare: Buffer[] = [];
/** To Node this is no buffer at all: it goes on with the one it has. Its types do not know that. */
const UNCHANGED = undefined as unknown as Uint8Array;

/**
 * Has a socket read into one buffer that it uses again and again, instead of allocating one for each read: half of the
 * time of a download goes into that, and into collecting it. undici takes its bytes by `read()`, which gives it the part
 * of the buffer that was filled. It must have consumed them, or have said that it cannot by `unshift()`, before the
 * callback returns: then reading stops until it asks for more, so that nothing is overwritten. A head that has come in
 * part is given to it as a copy: it keeps that until the rest is there.
 *
 * TLS goes on to hand over what it has decrypted already, and the end, after reading was stopped: those wait in buffers
 * of their own.
 */
export function readThrough(secured: boolean): PreparedSocket {
  let buffer: Buffer = Buffer.allocUnsafeSlow(secured ? TLS_READ_BUFFER_BYTES : FIRST_BUFFER_BYTES);
  /** What undici has not consumed yet; not empty, though perhaps of no bytes, while it is paused. */
  const held: Uint8Array[] = [];
  let ended = false;
  const head = new AnswerHead();
  let attached: Socket | undefined;
  let wasFull = false;
  const nextBuffer = (): Uint8Array => {
    if (secured) return held.length === 0 ? buffer : Buffer.allocUnsafeSlow(MAX_RECORD_BYTES);
    if (attached === undefined) return buffer;
    if (!wasFull || buffer.length >= READ_BUFFER_BYTES) return UNCHANGED;
    // What is held lies in the small one, which nobody reads into any more.
    const size = Math.min(buffer.length * GROWTH, READ_BUFFER_BYTES);
    buffer = (size === READ_BUFFER_BYTES ? spare.pop() : undefined) ?? Buffer.allocUnsafeSlow(size);
    return buffer;
  };
  const takeHeld = (): Uint8Array | undefined => {
    const chunk = held.shift();
    if (chunk === undefined || chunk.byteLength === 0) return chunk;
    const answer = head.isNext ? skipContinue(chunk) : chunk;
    return head.endsWithin(answer) ? Buffer.from(answer) : answer;
  };
  return {
    connectOptions: {
      onread: {
        buffer: nextBuffer,
        callback: (size, filled) => {
          wasFull = size === filled.length;
          held.push(filled.subarray(0, size));
          if (held.length === 1) attached?.emit("readable");
          return held.length === 0;
        },
      },
    },
    attach: (socket) => {
      attached = socket;
      const read = socket.read.bind(socket);
      const push = socket.push.bind(socket);
      onWrite(socket, () => head.expect());
      socket.read = (size?: number) => {
        if (size === 0 && held.length > 0) return null;
        const chunk = takeHeld();
        if (chunk !== undefined && chunk.byteLength > 0) return chunk;
        if (held.length > 0) return socket.read();
        if (ended) push(null);
        return read(size);
      };
      socket.unshift = (chunk: Uint8Array) => {
        held.unshift(chunk);
      };
      socket.push = (chunk: unknown, encoding?: BufferEncoding) => {
        if (chunk !== null || held.length === 0) return push(chunk, encoding);
        ended = true;
        return false;
      };
      socket.once("close", () => {
        if (buffer.length === READ_BUFFER_BYTES && spare.length < MAX_SPARE_BUFFERS) spare.push(buffer);
      });
    },
  };
}
