import type { PreparedSocket } from "./connector.ts";
import { onWrite, skipContinue } from "./skip-continue.ts";

/**
 * Leaves a socket to read as it does, and takes a `100 Continue` that nobody asked for out of what undici reads: for
 * runtimes where {@link readThrough}, which does so too, cannot work.
 */
export function readPastContinue(): PreparedSocket {
  let expectsHead = false;
  return {
    connectOptions: {},
    attach: (socket) => {
      onWrite(socket, () => {
        expectsHead = true;
      });
      const read = socket.read.bind(socket);
      socket.read = (size?: number) => {
        const chunk: unknown = read(size);
        if (!expectsHead || !(chunk instanceof Uint8Array)) return chunk;
        const answer = skipContinue(chunk);
        expectsHead = answer.byteLength === 0;
        return expectsHead ? socket.read() : answer;
      };
    },
  };
}
