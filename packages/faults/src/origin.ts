import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

/** One request as it stood on the wire. */
export interface RecordedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  /** By lower-case name; of a repeated field the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What a script answers with: whole responses, or bytes as wrong as the case wants them. */
export interface Reply {
  readonly socket: Socket;
  /** A well-formed response; `Content-Length` is added, and the connection stays open. */
  send(status: number, headers?: Readonly<Record<string, string>>, body?: string | Buffer): void;
  /** Bytes as they are. */
  raw(bytes: string | Buffer): void;
  /** Ends the connection in the orderly way. */
  end(): void;
  /** Ends it with a reset. */
  reset(): void;
}

export type Script = (request: RecordedRequest, reply: Reply) => void | Promise<void>;

/** A scripted server on loopback that keeps every byte it is sent. */
export interface Origin extends AsyncDisposable {
  /** `127.0.0.1:PORT`: what a reference starts with. */
  readonly host: string;
  readonly port: number;
  /** `http://127.0.0.1:PORT`, or https. */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** Connections accepted so far. */
  readonly connections: number;
  /** Everything received, in order, over all connections. */
  received(): Buffer;
  close(): Promise<void>;
}

export interface OriginOptions {
  /** Default 127.0.0.1. */
  readonly address?: string;
  readonly tls?: TlsOptions;
}

/**
 * Starts a scripted server on a free port.
 *
 * @example
 * ```ts
 * await using origin = await startOrigin((request, reply) => {
 *   if (request.method === "HEAD") reply.reset();
 *   else reply.send(200, { "Content-Type": "text/plain" }, "hello");
 * });
 * console.log(origin.url, origin.requests.length);
 * ```
 */
export async function startOrigin(script: Script, options: OriginOptions = {}): Promise<Origin> {
  const address = options.address ?? "127.0.0.1";
  const requests: RecordedRequest[] = [];
  const chunks: Buffer[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;

  const serve = (socket: Socket): void => {
    connections += 1;
    // Scripts answer in small pieces; each would wait for the acknowledgement of the one before.
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that goes away is part of the play.
    socket.on("error", () => socket.destroy());
    const read = requestReader((request) => {
      requests.push(request);
      return script(request, replyTo(socket, request.method));
    });
    socket.on("data", (chunk: Buffer) => {
      // Some clients try TLS first; they need not wait for their handshake's deadline.
      if (options.tls === undefined && socket.bytesRead === chunk.length && chunk[0] === TLS_HANDSHAKE) {
        socket.destroy();
        return;
      }
      chunks.push(chunk);
      read(chunk);
    });
  };
  const server: Server =
    options.tls === undefined ? createServer(serve) : createTlsServer(options.tls, serve);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === "string") throw new Error("the server has no port");
  const host = `${address.includes(":") ? `[${address}]` : address}:${bound.port}`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return {
    host,
    port: bound.port,
    url: `${options.tls === undefined ? "http" : "https"}://${host}`,
    requests,
    get connections() {
      return connections;
    },
    received: () => Buffer.concat(chunks),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The first byte of a TLS ClientHello (RFC 8446, section 5.1). */
const TLS_HANDSHAKE = 0x16;

function replyTo(socket: Socket, method: string): Reply {
  const raw = (bytes: string | Buffer): void => {
    if (!socket.destroyed) socket.write(bytes);
  };
  return {
    socket,
    raw,
    send(status, headers = {}, body = "") {
      const bytes = Buffer.from(body);
      const fields = { "Content-Length": String(bytes.length), ...headers };
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
      raw(`HTTP/1.1 ${status} Scripted\r\n${lines.join("")}\r\n`);
      if (method !== "HEAD" && bytes.length > 0) raw(bytes);
    },
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

/** Cuts a connection's bytes into requests: the clients' side is well formed, so this need not be lenient. */
function requestReader(handle: (request: RecordedRequest) => void | Promise<void>): (chunk: Buffer) => void {
  let buffer = Buffer.alloc(0);
  let turn = Promise.resolve();
  return (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const request = takeRequest();
      if (request === undefined) return;
      // Pipelined requests are answered in turn.
      turn = turn.then(() => handle(request));
    }
  };

  function takeRequest(): RecordedRequest | undefined {
    const headEnd = buffer.indexOf("\r\n\r\n");
    if (headEnd === -1) return undefined;
    const [start = "", ...lines] = buffer.subarray(0, headEnd).toString("latin1").split("\r\n");
    const [method = "", target = ""] = start.split(" ");
    const headers: Record<string, string> = {};
    for (const line of lines) {
      const colon = line.indexOf(":");
      headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
    }
    const rest = buffer.subarray(headEnd + 4);
    const taken = headers["transfer-encoding"] === undefined ? plainBody(rest, headers) : chunkedBody(rest);
    if (taken === undefined) return undefined;
    buffer = Buffer.from(rest.subarray(taken.length));
    return { method, target, headers, body: taken.body };
  }
}

interface TakenBody {
  readonly body: Buffer;
  /** Bytes it took on the wire. */
  readonly length: number;
}

function plainBody(rest: Buffer, headers: Readonly<Record<string, string>>): TakenBody | undefined {
  const length = Number(headers["content-length"] ?? 0);
  return rest.length < length ? undefined : { body: Buffer.from(rest.subarray(0, length)), length };
}

function chunkedBody(rest: Buffer): TakenBody | undefined {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(rest.subarray(at, lineEnd).toString("latin1"), 16);
    const next = lineEnd + 2 + size + 2;
    if (rest.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), length: next };
    parts.push(Buffer.from(rest.subarray(lineEnd + 2, lineEnd + 2 + size)));
    at = next;
  }
}
