/**
 * The form a request has inside the registry: neither web streams nor Node's own objects, so that the listener and the
 * fetch handler are both thin adapters of it and bytes pass without being copied.
 */
export interface RegistryRequest {
  readonly method: string;
  /** The path as it stood in the request line, still percent-encoded; no query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** `http://localhost:5000`: what the caller took this registry for. */
  readonly origin: string;
  /** A header field by lower-case name; fields that came more than once are joined by `", "`. */
  header(name: string): string | undefined;
  /** Read at most once. A chunk is valid until the next one is asked for. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** Header fields in the order they are sent; a name may come more than once. */
export type ReplyHeaders = readonly (readonly [name: string, value: string])[];

/** An answer. `body` is left out where there is none; for a HEAD request it is never read. */
export interface RegistryReply {
  readonly status: number;
  readonly headers: ReplyHeaders;
  /** A chunk is valid until the next one is asked for. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
}

/** Answers one request, whatever is wrong with it: it rejects for nothing but a fault of the storage. */
export type RegistryHandler = (request: RegistryRequest) => Promise<RegistryReply>;

/** A reply with a JSON document. */
export function jsonReply(
  status: number,
  document: unknown,
  headers: ReplyHeaders = [],
  contentType = "application/json",
): RegistryReply {
  const body = new TextEncoder().encode(JSON.stringify(document));
  return {
    status,
    headers: [["Content-Type", contentType], ["Content-Length", String(body.byteLength)], ...headers],
    body,
  };
}

/** A reply without a body. 202 and the like carry `Content-Length: 0`, which clients on kept-alive connections need. */
export function emptyReply(status: number, headers: ReplyHeaders = []): RegistryReply {
  const bodiless = status === 204 || status === 304;
  return { status, headers: bodiless ? headers : [["Content-Length", "0"], ...headers] };
}

/** The reply with more header fields. */
export function withHeaders(reply: RegistryReply, headers: ReplyHeaders): RegistryReply {
  return headers.length === 0 ? reply : { ...reply, headers: [...reply.headers, ...headers] };
}
