import { bothObservers, newId } from "./emit-event.ts";
import { HostQueue, isOverload, type Kind } from "./host-queue.ts";
import type { Middleware, TransportRequest } from "./transport.ts";

/** Limits of {@link withThrottle}. */
export interface ThrottleOptions {
  /**
   * Requests in flight to one host, of each kind (without large bodies, downloads, uploads), at most; 64. It begins with
   * 24, and each answer that others wait for makes room for one more.
   */
  readonly perHost?: number;
  /** Of these, downloads or uploads of large bodies; 6. */
  readonly largePerHost?: number;
  /** From this size on a body is large, and one of unknown size is; 1 MiB. */
  readonly largeBytes?: number;
  /** A token bucket for each host: so many requests at once, and so many in each period; none unless asked for. */
  readonly rate?: { readonly requests: number; readonly perMs: number };
  /** Halves a host's concurrency when it answers 429 or 503, and lets it grow again with each success; yes. */
  readonly adaptive?: boolean;
  /** For tests: a clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

/** What the scheduler works with, after defaults. */
export type ThrottleLimits = Required<Omit<ThrottleOptions, "rate">> & Pick<ThrottleOptions, "rate">;

/** Where a round trip takes the time, more gain little, and each costs a connection. */
const PER_HOST = 64;
/** Three large bodies at a time are faster than one, and more than six gain nothing. */
const LARGE_PER_HOST = 6;
const LARGE_BYTES = 1024 * 1024;
/** Beyond so many, hosts that nothing is sent to are forgotten. */
const MAX_HOSTS = 256;

/**
 * Bounds what is in flight to each host, and lets small requests past large bodies. Downloads and uploads have bounds
 * of their own, so that copies in both directions cannot wait for each other.
 *
 * A request counts until its answer's head has come, or with a sink until the body has been taken.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withThrottle({ perHost: 8, rate: { requests: 100, perMs: 60_000 } }), withRetry());
 * ```
 */
export function withThrottle(options: ThrottleOptions = {}): Middleware {
  const limits: ThrottleLimits = {
    perHost: Math.max(1, options.perHost ?? PER_HOST),
    largePerHost: Math.max(1, options.largePerHost ?? LARGE_PER_HOST),
    largeBytes: options.largeBytes ?? LARGE_BYTES,
    adaptive: options.adaptive ?? true,
    now: options.now ?? (() => performance.now()),
    ...(options.rate === undefined ? {} : { rate: options.rate }),
  };
  const hosts = new Map<string, HostQueue>();
  return (next) => async (request) => {
    const { host } = request.url;
    let queue = hosts.get(host);
    if (queue === undefined) {
      queue = new HostQueue(limits);
      hosts.set(host, queue);
    }
    const kind = kindOf(request);
    const large = isLarge(request, limits.largeBytes);
    request.signal?.throwIfAborted();
    if (!queue.tryEnter(kind, large)) await queue.enter(kind, large, request.signal);
    try {
      const observe = bothObservers(queue.observer, request.observe);
      const response = await next({ ...request, id: request.id ?? newId(), observe });
      if (isOverload(response.status)) queue.overloaded();
      else queue.succeeded();
      return response;
    } finally {
      queue.leave(kind, large);
      if (hosts.size > MAX_HOSTS && queue.isIdle) hosts.delete(host);
    }
  };
}

function kindOf(request: TransportRequest): Kind {
  if (request.sink !== undefined) return "download";
  return request.body === undefined || request.body instanceof Uint8Array ? "plain" : "upload";
}

function isLarge(request: TransportRequest, largeBytes: number): boolean {
  const { body, expectedSize, sink } = request;
  if (body !== undefined) return (body instanceof Uint8Array ? body.byteLength : body.size) >= largeBytes;
  return (expectedSize ?? (sink === undefined ? 0 : largeBytes)) >= largeBytes;
}
