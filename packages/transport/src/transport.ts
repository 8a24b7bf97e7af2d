/** The one joint of this package: everything above it knows a function from request to response. */

import type { TransportObserver } from "./transport-event.ts";

/** Request header fields by lower-case name. */
export type RequestHeaders = Readonly<Record<string, string>>;

/**
 * What is sent. A body that may be sent twice is a factory: `open(offset)` starts it again from any byte, so that a
 * request can be replayed and an upload resumed.
 */
export type RequestBody =
  | Uint8Array
  | {
      /** Bytes in all. */
      readonly size: number;
      open(offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
    };

/**
 * Takes the bytes of a successful body as they arrive. A chunk is valid only until `write` returns (or the promise it
 * returned settles): the fast path reads the next bytes into the same buffer.
 */
export interface ByteSink {
  /**
   * Called once before the first byte, with the answer's head: throw to refuse the body (a 200 where a 206 was asked
   * for), and the request rejects with what was thrown.
   */
  accept?(head: ResponseHead): void;
  write(chunk: Uint8Array): void | Promise<void>;
  /** The file that the bytes go to, where there is one: see {@link SinkFile}. */
  readonly file?: SinkFile | undefined;
}

/**
 * The file that a sink's bytes go to, one after another. An engine that has other threads may write and hash them there
 * in place of calling `write`, and says so by the functions here. Until the request has settled nobody else writes to
 * the file or closes it: its number could become another file's.
 */
export interface SinkFile {
  /** Open for writing in this process. */
  readonly fd: number;
  /** Where in the file the first byte goes. */
  readonly position: number;
  /** Bytes that are wanted; no more are written. */
  readonly size: number;
  /** What is to be known of the bytes in the end. */
  readonly algorithm: "sha256" | "sha512";
  /**
   * So many more bytes are in the file; with the digest (`sha256:…`) of all of them, from the position on, as soon as
   * the body has ended. Throw to refuse the rest.
   */
  wrote(bytes: number, digest?: string): void;
  /** The bytes could not be written, or more came than are wanted. Gives what the request is to reject with. */
  failed(cause: unknown): unknown;
}

/** What a request is for; middleware judges by it, engines ignore it. */
export interface RequestContext {
  /** The registry's name as references and credential stores know it: `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /**
   * The origin that credentials, custom headers and client certificates belong to: `https://registry-1.docker.io`.
   * A request whose URL has another origin (an upload `Location`, a redirect) goes without them.
   */
  readonly origin: string;
  /** Scopes the operation needs, such as `repository:library/ubuntu:pull`; the most demanding first. */
  readonly scopes: readonly string[];
  /**
   * How to sign in to a path that is not the registry's API but stands beside it: with the account's own name and
   * password (Basic), or not at all. Default: as the registry asks.
   */
  readonly signIn?: "basic" | "none" | undefined;
}

/** One request. Never changed by middleware: a changed request is a new object. */
export interface TransportRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: RequestHeaders;
  readonly body?: RequestBody | undefined;
  /** Where a successful (2xx) body goes instead of `response.body`. */
  readonly sink?: ByteSink | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly context?: RequestContext | undefined;
  /**
   * The registry's origin, where a request goes elsewhere on its word (a token server). An engine that knows addresses
   * refuses a private one when that registry's own was public.
   */
  readonly onBehalfOf?: string | undefined;
  /**
   * Whether it may be sent again although the first may have taken effect. Left out, it is so for all methods but POST
   * and PATCH, and for all paths but those of upload sessions.
   */
  readonly idempotent?: boolean | undefined;
  /** Bytes the caller expects to receive, where it knows (a descriptor's size); scheduling goes by it. */
  readonly expectedSize?: number | undefined;
  /** Attempts of `withRetry` for this request, instead of its option. */
  readonly attempts?: number | undefined;
  /** Tells requests apart in events; given by the first middleware that needs it, kept by further attempts. */
  readonly id?: number | undefined;
  /** Told what happens to this request and its further attempts. Must not throw. */
  readonly observe?: TransportObserver | undefined;
}

/** Response header fields; names match without regard to case. */
export interface ResponseHeaders extends Iterable<readonly [name: string, value: string]> {
  /**
   * The value of a single-valued field. A field that came more than once is joined by `", "` where its grammar is a
   * list; for one that must be single (`content-length`, `content-range`, `docker-content-digest`, `location`,
   * `content-type`, `range`) two different values throw a {@link TransportError} with code `PROTOCOL`.
   */
  get(name: string): string | undefined;
  /** Every value, in the order received. */
  all(name: string): readonly string[];
}

/** A body that is read once. Reading stops, and the connection is given up, when the iteration is left early. */
export interface ResponseBody extends AsyncIterable<Uint8Array> {
  /** The whole body; code `SIZE_EXCEEDED` as soon as it passes `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** The whole body parsed as JSON; `undefined` is never returned for a body that does not parse: code `PROTOCOL`. */
  json(limit: number): Promise<unknown>;
  /** Reads a small rest so that the connection can be used again, or gives the connection up. Never throws. */
  discard(): Promise<void>;
}

/** What of an answer comes before its body. `url` is where it came from in the end, after redirects. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: ResponseHeaders;
  readonly url: URL;
}

/** One response. */
export interface TransportResponse extends ResponseHead {
  /** Empty when a sink took the body. */
  readonly body: ResponseBody;
}

/** Sends a request and resolves with the answer, whatever its status; rejects only where no answer came. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

/** A transport that holds connections. After `close()` the next request opens new ones. */
export interface TransportEngine extends Transport {
  close(): Promise<void>;
}

/** Wraps a transport in another. */
export type Middleware = (next: Transport) => Transport;

/**
 * Applies middleware to a transport, the first one outermost.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withRetry(), withRedirects());
 * ```
 */
export function compose(engine: Transport, ...middleware: readonly Middleware[]): Transport {
  return middleware.reduceRight<Transport>((next, wrap) => wrap(next), engine);
}
