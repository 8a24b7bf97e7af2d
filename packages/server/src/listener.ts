import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { RegistryReply, RegistryRequest } from "./exchange.ts";
import { Refusal, receivedBody, refusalReply } from "./refusal.ts";
import type { Registry } from "./registry.ts";

/** A connection on which nothing moves for so long is given up: a long upload is never cut, a dead one is. */
const IDLE_TIMEOUT_MS = 5 * 60_000;

/** How long `close` waits for answers that are on their way. */
const CLOSE_GRACE_MS = 2_000;

/** What is read of a body that was refused, so that the client gets to see the answer before the connection ends. */
const DRAIN_BYTES = 8 * 1024 * 1024;
const DRAIN_MS = 2_000;

/** Where {@link serve} listens, and for whom. */
export interface ServeOptions {
  /** Default `127.0.0.1`: other machines do not see it. */
  readonly hostname?: string | undefined;
  /** Default 0: one that is free. */
  readonly port?: number | undefined;
  /**
   * Names this registry may be called by, without port; others are answered 403. Default: on a loopback address the
   * loopback names, which keeps a page from reaching it under a name of its own (DNS rebinding, CVE-2025-66414);
   * on any other address all.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Speaks https. Each in PEM; `cert` with the certificates between it and an authority behind it. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array } | undefined;
}

/** A registry that listens. */
export interface RegistryListener {
  /** `http://127.0.0.1:5000`, or `https:` with `tls`; without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** Stops listening, lets answers end for two seconds, and closes the registry. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Lets a registry listen on a port.
 *
 * Rejects with the system's error where the address cannot be had (`EADDRINUSE`, `EACCES`), and with OpenSSL's where
 * `tls` holds no certificate and its key.
 *
 * @example
 * ```ts
 * import { createRegistry, memoryStorage, serve } from "@reg/server";
 * await using listener = await serve(createRegistry({ storage: memoryStorage() }));
 * console.log((await fetch(`${listener.url}/v2/`)).status); // 200
 * ```
 */
export async function serve(registry: Registry, options: ServeOptions = {}): Promise<RegistryListener> {
  const hostname = options.hostname ?? "127.0.0.1";
  const hosts = options.hosts ?? (isLoopback(hostname) ? LOOPBACK_NAMES : undefined);
  const { tls } = options;
  const scheme = tls === undefined ? "http" : "https";
  const server = tls === undefined ? createServer(TIMEOUTS) : createTlsServer({ ...TIMEOUTS, ...pem(tls) });
  server.timeout = IDLE_TIMEOUT_MS;
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    void exchange(registry, scheme, hosts, incoming, outgoing);
  };
  server.on("request", answer);
  // What is refused by its header alone is refused before the client sends its gigabytes.
  server.on("checkContinue", answer);
  // A connection whose handshake has not ended is unknown to the server that is to close it.
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await listen(server, hostname, options.port ?? 0);

  // A server that listens on a port has an address of this form.
  const { port, address, family } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    await closeServer(server, sockets);
    await registry.close();
  };
  const shown = family === "IPv6" ? `[${address}]` : address;
  return { url: `${scheme}://${shown}:${port}`, port, close, [Symbol.asyncDispose]: close };
}

/** A body may take as long as it likes, see {@link IDLE_TIMEOUT_MS}; a head or a handshake may not. */
const TIMEOUTS = {
  requestTimeout: 0,
  headersTimeout: 30_000,
  handshakeTimeout: 30_000,
  keepAliveTimeout: 60_000,
};

function pem({ cert, key }: NonNullable<ServeOptions["tls"]>): {
  cert: string | Buffer;
  key: string | Buffer;
} {
  const bytes = (text: string | Uint8Array): string | Buffer =>
    typeof text === "string" ? text : Buffer.from(text);
  return { cert: bytes(cert), key: bytes(key) };
}

const LOOPBACK_NAMES = ["localhost", "*.localhost", "127.0.0.1", "[::1]"];

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

async function exchange(
  registry: Registry,
  scheme: "http" | "https",
  hosts: readonly string[] | undefined,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { socket } = incoming;
  // A peer that goes away while it is answered is its own affair.
  outgoing.on("error", () => {});
  try {
    const host = incoming.headers.host ?? (hosts === undefined ? addressOf(socket) : "");
    const reply = isServed(host, hosts)
      ? await registry.handle(requestOf(incoming, outgoing, `${scheme}://${host}`))
      : refusalReply(
          new Refusal(403, "DENIED", "this registry does not go by that name; see the option `hosts`"),
        );
    const drained = incoming.complete ? undefined : drain(incoming, socket);
    await send(reply, incoming.method === "HEAD", outgoing, drained);
  } catch {
    // The head of an answer is out by now, or the client is gone: cutting the connection is all that can be said.
    socket.destroy();
  }
}

/** HTTP/1.0 need not say what it calls this registry. */
function addressOf({ localAddress = "localhost", localPort }: Socket): string {
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

function isServed(host: string, hosts: readonly string[] | undefined): boolean {
  if (!/^[A-Za-z0-9._:[\]-]+$/.test(host)) return false;
  if (hosts === undefined) return true;
  const name = host.replace(/:\d*$/, "").toLowerCase();
  return hosts.some((allowed) =>
    allowed.startsWith("*.") ? name.endsWith(allowed.slice(1)) : name === allowed || `[${allowed}]` === name,
  );
}

function requestOf(incoming: IncomingMessage, outgoing: ServerResponse, origin: string): RegistryRequest {
  const target = incoming.url ?? "/";
  const mark = target.indexOf("?");
  const ended = new AbortController();
  outgoing.once("close", () => ended.abort());
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)),
    origin,
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    body: bodyOf(incoming, outgoing),
    signal: ended.signal,
  };
}

async function* bodyOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (incoming.headers.expect?.toLowerCase() === "100-continue") outgoing.writeContinue();
  yield* receivedBody(incoming.iterator({ destroyOnReturn: false }));
}

/**
 * Where a body was refused half-way, the answer goes out at once and its end after the rest of the body: ending an
 * answer ends a connection that is not kept, and a reset for what lies unread there would take the answer with it.
 */
async function send(
  reply: RegistryReply,
  head: boolean,
  outgoing: ServerResponse,
  drained: Promise<void> | undefined,
): Promise<void> {
  outgoing.writeHead(reply.status, reply.headers.flat());
  const body = head ? undefined : reply.body;
  const isWhole = body === undefined || body instanceof Uint8Array;
  if (isWhole && drained === undefined) {
    outgoing.end(body);
    return;
  }
  if (body === undefined) outgoing.flushHeaders();
  else for await (const chunk of isWhole ? [body] : body) await write(outgoing, chunk);
  await drained;
  outgoing.end();
}

/** Resolves when the system has taken the chunk, so that its memory can be used again. */
function write(outgoing: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    outgoing.write(chunk, (error) => (error == null ? resolve() : reject(error)));
  });
}

/** Reads on for a moment where a body was refused half-way; resolves at its end, or at the connection's. */
function drain(incoming: IncomingMessage, socket: Socket): Promise<void> {
  let left = DRAIN_BYTES;
  incoming.on("data", (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) socket.destroy();
  });
  incoming.on("error", () => {});
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      socket.destroy();
      resolve();
    }, DRAIN_MS);
    timer.unref();
    if (incoming.closed) done();
    incoming.once("close", done);
    incoming.once("end", done);
  });
}

function listen(server: Server, hostname: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, CLOSE_GRACE_MS);
  await closed;
  clearTimeout(timer);
}
