import { connect, createServer, type Socket } from "node:net";
import { startsRequest } from "./delay-proxy.ts";

/** A way to a registry that is long, and narrow for each connection or for all of them. */
export interface LimitedLine extends AsyncDisposable {
  readonly host: string;
  /** Since the line was made. */
  counts(): { readonly connections: number; readonly requests: number; readonly bytes: number };
}

export interface LineLimits {
  readonly roundTripMs: number;
  /** Towards the client; unlimited where they are left out. */
  readonly perConnection?: number | undefined;
  readonly inAll?: number | undefined;
}

const TICK_MILLISECONDS = 5;
/** What may lie in the line, for each connection. */
const HELD_BYTES = 1024 * 1024;

/** Whole ticks of bytes for whoever asks first; what nobody takes is gone. */
class Budget {
  readonly #rate: number;
  #left = 0;
  #at = performance.now();

  constructor(bytesPerSecond: number) {
    this.#rate = bytesPerSecond;
  }

  /** Up to so many bytes. */
  take(wanted: number): number {
    const now = performance.now();
    // As much as comes in four ticks at most, or a pause would be made up for in one burst.
    const most = (this.#rate * 4 * TICK_MILLISECONDS) / 1000;
    this.#left = Math.min(most, this.#left + ((now - this.#at) / 1000) * this.#rate);
    this.#at = now;
    const taken = Math.floor(Math.min(wanted, this.#left));
    this.#left -= taken;
    return taken;
  }
}

export async function limitedLine(
  target: string,
  { roundTripMs, perConnection = Number.POSITIVE_INFINITY, inAll = Number.POSITIVE_INFINITY }: LineLimits,
): Promise<LimitedLine> {
  const [hostname = "", port = ""] = target.split(":");
  const count = { connections: 0, requests: 0, bytes: 0 };
  const sockets = new Set<Socket>();
  const shared = inAll === Number.POSITIVE_INFINITY ? undefined : new Budget(inAll);
  const server = createServer((near) => {
    count.connections += 1;
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.on("close", () => sockets.delete(socket));
    }
    near.on("data", (chunk) => {
      if (startsRequest(chunk)) count.requests += 1;
      setTimeout(() => void far.write(chunk), roundTripMs / 2);
    });
    near.on("close", () => far.destroy());
    const own = perConnection === Number.POSITIVE_INFINITY ? undefined : new Budget(perConnection);
    const waiting: { readonly chunk: Buffer; readonly due: number }[] = [];
    let held = 0;
    let ended = false;
    const budgets = [own, shared].filter((budget) => budget !== undefined);
    const pass = (): void => {
      for (let next = waiting[0]; next !== undefined && next.due <= performance.now(); next = waiting[0]) {
        const { chunk, due } = next;
        // What one budget gives and the other does not is lost: the line is a little narrower than it says.
        const size = budgets.reduce((most, budget) => budget.take(most), chunk.length);
        if (size === 0 || near.writableNeedDrain) break;
        near.write(chunk.subarray(0, size));
        count.bytes += size;
        held -= size;
        if (size < chunk.length) {
          waiting[0] = { chunk: chunk.subarray(size), due };
          // The rest at the next tick, or it would go in crumbs.
          break;
        }
        waiting.shift();
      }
      if (held < HELD_BYTES) far.resume();
      if (ended && waiting.length === 0) near.end();
    };
    const timer = setInterval(pass, TICK_MILLISECONDS);
    far.on("data", (chunk) => {
      waiting.push({ chunk, due: performance.now() + roundTripMs / 2 });
      held += chunk.length;
      if (held >= HELD_BYTES) far.pause();
      if (budgets.length === 0 && roundTripMs === 0) pass();
    });
    far.on("end", () => {
      ended = true;
    });
    near.on("close", () => clearInterval(timer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the line has no port");
  return {
    host: `127.0.0.1:${address.port}`,
    counts: () => ({ ...count }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
