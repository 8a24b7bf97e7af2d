import { connect, createServer, type Socket } from "node:net";
import type { Counts } from "../job.ts";

/** Stands before a registry, makes the way to it longer, and counts what passes. */
export interface DelayProxy extends AsyncDisposable {
  readonly host: string;
  /** Since the last reset. */
  counts(): Counts;
  reset(): void;
}

/** Every byte takes half the round trip longer, each way. The bandwidth stays as it is. */
export async function delayProxy(target: string, roundTripMs: number): Promise<DelayProxy> {
  const [hostname = "", port = ""] = target.split(":");
  let connections = 0;
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    connections += 1;
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    // Clients send a request's head in one piece, so its first line stands at the start of one.
    near.on("data", (chunk) => {
      if (startsRequest(chunk)) requests += 1;
    });
    late(near, far, roundTripMs / 2);
    late(far, near, roundTripMs / 2);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    counts: () => ({ connections, requests }),
    reset() {
      connections = 0;
      requests = 0;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const METHODS: readonly string[] = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"];

/** Whether a method and a path of a registry's API stand here: content that looks like that is not sent by anyone. */
export function startsRequest(chunk: Buffer): boolean {
  // Upper case, or it is content: nearly every chunk is told by its first byte.
  const first = chunk[0] ?? 0;
  if (first < 0x41 || first > 0x5a) return false;
  const start = chunk.toString("latin1", 0, 12);
  return METHODS.some((method) => start.startsWith(`${method} /`));
}

/** A sender is held up where more than this is on the way. */
const HELD_BYTES = 16 * 1024 * 1024;

/** Passes everything on after a while, in order. */
function late(from: Socket, to: Socket, delayMs: number): void {
  let held = 0;
  const pass = (act: () => void): void => void (delayMs === 0 ? act() : setTimeout(act, delayMs));
  from.on("data", (chunk) => {
    held += chunk.length;
    if (held > HELD_BYTES) from.pause();
    pass(() => {
      // What is behind may be slower than what is before.
      const passed = (): void => {
        held -= chunk.length;
        if (held <= HELD_BYTES) from.resume();
      };
      if (to.writable) to.write(chunk, passed);
      else passed();
    });
  });
  from.on("end", () => pass(() => to.end()));
  // What is still to be written is written: only a broken connection breaks the other one.
  from.on("close", (broken) => pass(() => (broken ? to.destroy() : to.end())));
}
