import type { Socket } from "node:net";

const CONTINUE = Buffer.from("HTTP/1.1 100");
const END_OF_HEAD = Buffer.from("\r\n\r\n");

/**
 * The bytes of an answer without the `100 Continue` in front of it, which some proxies send unasked. A client has to
 * read past it (RFC 9110, section 15.2), but undici drops the connection. One that comes in several pieces is left as it
 * is: the request is then tried again.
 */
export function skipContinue(bytes: Uint8Array): Uint8Array {
  let rest = bytes;
  while (startsWith(rest, CONTINUE)) {
    const end = Buffer.from(rest.buffer, rest.byteOffset, rest.byteLength).indexOf(END_OF_HEAD);
    if (end === -1) break;
    rest = rest.subarray(end + END_OF_HEAD.length);
  }
  return rest;
}

/** Calls back whenever something is sent: what is read next is then the head of an answer. */
export function onWrite(socket: Socket, noted: () => void): void {
  const write = socket.write;
  // The same function in every overload; only its moment is noted.
  socket.write = function noting(this: Socket, ...args: unknown[]) {
    noted();
    return Reflect.apply(write, socket, args);
  } as Socket["write"];
}

function startsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.byteLength >= prefix.byteLength && prefix.every((byte, index) => bytes[index] === byte);
}
