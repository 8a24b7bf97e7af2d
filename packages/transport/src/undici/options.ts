import type { Dispatcher } from "undici";
import type { TransportObserver } from "../transport-event.ts";
import type { ExchangeLimits } from "../watchdog.ts";

/** One address of a name. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Looks a name up; every address it has, in the order in which the source prefers them. */
export type Lookup = (
  hostname: string,
  options: { readonly family: 4 | 6 | "auto"; readonly signal: AbortSignal },
) => Promise<readonly ResolvedAddress[]>;

/** Certificates in PEM. */
export type Pem = string | Uint8Array | readonly (string | Uint8Array)[];

/** What a connection over TLS trusts and shows. */
export interface TlsSettings {
  /** Certificate authorities trusted besides those of Node and of the system. */
  readonly ca?: Pem | undefined;
  /** Trust `ca` alone. */
  readonly onlyCa?: boolean | undefined;
  /** The client's certificate; shown to the registry's own origin alone. */
  readonly cert?: Pem | undefined;
  readonly key?: Pem | undefined;
  readonly passphrase?: string | undefined;
}

/** Options of `undiciTransport`. */
export interface UndiciTransportOptions extends TlsSettings, Partial<ExchangeLimits> {
  /**
   * A dispatcher of one's own (undici's `Agent`, `ProxyAgent`, `MockAgent`), left open by `close()`. Address, TLS and
   * proxy options are its business then.
   */
  readonly dispatcher?: Dispatcher;
  /** Which addresses are used: IPv4, IPv6, or whichever answers first; "auto". */
  readonly family?: 4 | 6 | "auto";
  /** Looks names up instead of the system's resolver. */
  readonly lookup?: Lookup;
  /** Addresses for `host:port` (or `host`, any port) that need no look-up; the name stays in SNI and `Host`. */
  readonly resolve?: Readonly<Record<string, string | readonly string[]>>;
  /** Keeps looked-up addresses for so long, and starts each connection with the next of them; 0: asked each time. */
  readonly dnsCacheMs?: number;
  /** The local address that connections start from. */
  readonly localAddress?: string;
  /** TLS settings by the `host:port` of the URL, such as from a `certs.d` folder; added to those above. */
  readonly tlsFor?: (host: string) => Promise<TlsSettings | undefined>;
  /** Accepts any certificate: everywhere, or from these hosts (`host` or `host:port`). Anyone on the way can read along. */
  readonly insecure?: boolean | readonly string[];
  /**
   * The proxy for all requests, or `false` for none. Left out, the environment counts: HTTPS_PROXY, HTTP_PROXY and
   * NO_PROXY, in either case.
   */
  readonly proxy?: string | URL | false;
  /** Hosts that are reached without the proxy, in the form of NO_PROXY; the environment's where it is left out. */
  readonly noProxy?: string | readonly string[];
  /** From the first attempt to a connection that is ready, TLS included; 10 s. */
  readonly connectTimeoutMs?: number;
  /** Before the next address is tried beside one that has not answered; 250 ms. */
  readonly attemptDelayMs?: number;
  /** Connections to one origin; 64. */
  readonly connections?: number;
  /** Offers HTTP/2 in the TLS handshake; no, for blobs come faster over HTTP/1.1. */
  readonly http2?: boolean;
  /**
   * Lets a public registry send requests (redirects, token servers, uploads) to private addresses: all of them, or to
   * these hosts (`host` or `host:port`).
   */
  readonly allowPrivate?: boolean | readonly string[];
  /**
   * Threads beside this one that fetch large blobs whole, and hash and write them, where they go to a file; one less
   * than there are processors, 2 at most, and none in Deno and Bun. A thread of its own pays as soon as several blobs
   * come faster than one thread can hash. None is used where `dispatcher`,
   * `lookup` or `observe` is given, or where a worker cannot start (as in a bundle without its file).
   */
  readonly workers?: number;
  /** Told of connections; requests tell their own observer. */
  readonly observe?: TransportObserver;
}
