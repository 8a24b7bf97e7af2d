import { connect, createServer, type Socket } from "node:net";

/** Stands before a registry, makes the way to it longer, and counts what passes. */
export interface DelayProxy extends AsyncDisposable {
  readonly host: string;
  /** Since the last reset. */
  counts(): { readonly connections: number; readonly requests: number };
  reset(): void;
}

const REQUEST_LINE = /^(?:GET|HEAD|PUT|POST|PATCH|DELETE) \S+ HTTP\/1\.1\r\n/;

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
      if (REQUEST_LINE.test(chunk.subarray(0, 4096).toString("latin1"))) requests += 1;
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

/** Passes everything on after a while, in order; more than a few MiB on the way hold the sender up. */
function late(from: Socket, to: Socket, delayMs: number): void {
  const HELD_BYTES = 16 * 1024 * 1024;
  let held = 0;
  const pass = (act: () => void): void => void (delayMs === 0 ? act() : setTimeout(act, delayMs));
  from.on("data", (chunk) => {
    held += chunk.length;
    if (held > HELD_BYTES) from.pause();
    pass(() => {
      held -= chunk.length;
      if (to.writable) to.write(chunk);
      if (held <= HELD_BYTES) from.resume();
    });
  });
  from.on("end", () => pass(() => to.end()));
  from.on("close", () => pass(() => to.destroy()));
}
