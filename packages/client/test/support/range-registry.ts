import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { digestOf } from "@reg/content";

/** A request for the blob as the server saw it. */
export interface RangeRequest {
  /** Whether it asked for a part. */
  readonly isPart: boolean;
  readonly start: number;
  /** The byte after the last one. */
  readonly end: number;
  /** Counts parts from 0, in the order their requests came; -1 for the others. */
  readonly turn: number;
  /** Answers that are under way, this one included. */
  readonly together: number;
  readonly path: string;
}

/** Answers in place of the server; false where it need not. */
export type Misbehaviour = (
  request: RangeRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
) => boolean;

export interface RangeRegistryOptions {
  readonly bytes: Uint8Array;
  /** What each connection gets; unlimited where it is left out. */
  readonly bytesPerSecond?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly misbehave?: Misbehaviour | undefined;
  /** Told of each request before it is answered. */
  readonly onRequest?: ((request: RangeRequest) => void) | undefined;
}

export interface RangeRegistry extends AsyncDisposable {
  readonly host: string;
  /** `host/demo@sha256:…` */
  readonly ref: string;
  readonly requests: readonly RangeRequest[];
  /** The requests for parts. */
  readonly parts: readonly RangeRequest[];
  /** Connections that brought bytes of the blob. */
  readonly connections: number;
  /** The most answers that were under way at once. */
  readonly together: number;
  /** Answers under way now. */
  readonly busy: number;
}

/** A registry with one blob, which honours ranges unless told otherwise, and may limit each connection. */
export async function rangeRegistry(options: RangeRegistryOptions): Promise<RangeRegistry> {
  const { bytes, bytesPerSecond, misbehave, onRequest } = options;
  const digest = digestOf(bytes);
  const requests: RangeRequest[] = [];
  const sockets = new Set<unknown>();
  let busy = 0;
  let together = 0;
  let parts = 0;
  const server = createServer((incoming, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Number(range[2]) + 1 : bytes.byteLength;
    if (incoming.method === "HEAD") {
      response.writeHead(200, { "content-length": bytes.byteLength });
      response.end();
      return;
    }
    const isPart = range !== null && range[2] !== "";
    busy += 1;
    response.once("close", () => {
      busy -= 1;
    });
    const request = {
      isPart,
      start,
      end,
      turn: isPart ? parts++ : -1,
      together: busy,
      path: incoming.url ?? "",
    };
    together = Math.max(together, busy);
    requests.push(request);
    onRequest?.(request);
    if (misbehave?.(request, response, incoming) === true) return;
    sockets.add(incoming.socket);
    const headers = { ...options.headers, "content-length": end - start };
    if (range === null) response.writeHead(200, headers);
    else
      response.writeHead(206, {
        ...headers,
        "content-range": `bytes ${start}-${end - 1}/${bytes.byteLength}`,
      });
    send(response, bytes.subarray(start, end), bytesPerSecond);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return {
    host,
    ref: `${host}/demo@${digest}`,
    requests,
    get parts() {
      return requests.filter(({ isPart }) => isPart);
    },
    get connections() {
      return sockets.size;
    },
    get together() {
      return together;
    },
    get busy() {
      return busy;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const TICK_MILLISECONDS = 5;

/** So many bytes a second, in ticks; all at once where there is no limit. */
export function send(response: ServerResponse, bytes: Uint8Array, bytesPerSecond: number | undefined): void {
  if (bytesPerSecond === undefined) {
    response.end(bytes);
    return;
  }
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.ceil(((performance.now() - started) / 1000) * bytesPerSecond);
    if (due > sent) response.write(bytes.subarray(sent, due));
    sent = Math.max(sent, due);
    if (sent < bytes.byteLength) return;
    clearInterval(timer);
    response.end();
  }, TICK_MILLISECONDS);
  response.once("close", () => clearInterval(timer));
}
