import type { Socket } from "node:net";
import type { PreparedSocket } from "./connector.ts";

/**
 * The kernel hands over some 500 KB at a time on a fast line; a larger buffer only leaves the processor's cache. Chosen
 * by measurement.
 */
const READ_BUFFER_BYTES = 512 * 1024;
/** Buffers of closed connections, kept for the next ones. */
const MAX_SPARE_BUFFERS = 8;

const spare: Buffer[] = [];

/**
 * Has a socket read into one buffer that it uses again and again, instead of allocating one for each read: half of the
 * time of a download goes into that, and into collecting it. undici takes its bytes by `read()`, which gives it the part
 * of the buffer that was filled. It must have consumed them, or have said that it cannot by `unshift()`, before this
 * returns: then reading stops until it asks for more, so that nothing is overwritten.
 */
export function readThrough(): PreparedSocket {
  const buffer = spare.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  let filled: Uint8Array | undefined;
  let attached: Socket | undefined;
  return {
    connectOptions: {
      onread: {
        buffer,
        callback: (size) => {
          filled = buffer.subarray(0, size);
          attached?.emit("readable");
          return filled === undefined;
        },
      },
    },
    attach: (socket) => {
      attached = socket;
      const read = socket.read.bind(socket);
      socket.read = (size?: number) => {
        if (filled === undefined || size === 0) return read(size);
        const chunk = filled;
        filled = undefined;
        return chunk.byteLength === 0 ? read() : chunk;
      };
      socket.unshift = (chunk: Uint8Array) => {
        filled = chunk;
      };
      socket.once("close", () => {
        if (spare.length < MAX_SPARE_BUFFERS) spare.push(buffer);
      });
    },
  };
}
