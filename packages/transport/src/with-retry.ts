import { emitEvent, factsOf, isObserved, withId } from "./emit-event.ts";
import { isTransportError } from "./errors.ts";
import { parseRetryAfter } from "./retry-after.ts";
import type { Middleware, TransportRequest, TransportResponse } from "./transport.ts";

/** Limits of {@link withRetry}, and what tests replace. */
export interface RetryOptions {
  /** Attempts in all, the first included; 5 unless said otherwise. */
  readonly attempts?: number;
  /** The ceiling of the first delay, doubled for each further one; 250 ms. */
  readonly baseDelayMs?: number;
  /** No delay of our own is longer; 30 s. What a server asks for by `Retry-After` may be up to 60 s. */
  readonly maxDelayMs?: number;
  /** Statuses that a later attempt may change; 408, 429, 500, 502, 503, 504. */
  readonly statuses?: readonly number[];
  /** For tests: the wall clock, in milliseconds. */
  readonly now?: () => number;
  /** For tests: a number from 0 to 1. */
  readonly random?: () => number;
  /** For tests: waits, and rejects with the signal's reason when it is aborted. */
  readonly sleep?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;
}

const ATTEMPTS = 5;
const BASE_DELAY_MILLISECONDS = 250;
const MAX_DELAY_MILLISECONDS = 30_000;
const STATUSES: readonly number[] = [408, 429, 500, 502, 503, 504];
/** A server that lets a deadline pass had all of its time: five such waits would take minutes. */
const MAX_TIMEOUTS = 2;
/** The one status that says the request was turned away before anything was done. */
const NOT_PROCESSED = 429;

/**
 * Sends a request again after a failure that may pass: exponential back-off with full jitter, `Retry-After` in both
 * forms. The last answer, or the last error, stands.
 *
 * A deadline that passed is tried once more, not four times.
 *
 * What may have taken effect is not repeated: POST, PATCH and anything to an upload session is sent again only after a
 * 429, or where no connection came about. A body that broke after its head came is not fetched again either: whoever
 * reads it knows how many bytes are good, and goes on with `Range`.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withRetry({ attempts: 3 }));
 * ```
 */
export function withRetry(options: RetryOptions = {}): Middleware {
  const baseMs = options.baseDelayMs ?? BASE_DELAY_MILLISECONDS;
  const maxMs = options.maxDelayMs ?? MAX_DELAY_MILLISECONDS;
  const statuses = options.statuses ?? STATUSES;
  const now = options.now ?? Date.now;
  const random = options.random ?? Math.random;
  const sleep = options.sleep ?? sleepFor;

  return (next) => async (original) => {
    const request = withId(original);
    const attempts = Math.max(1, request.attempts ?? options.attempts ?? ATTEMPTS);
    const repeatable = isRepeatable(request);
    let timeouts = 0;
    for (let attempt = 1; ; attempt++) {
      const last = attempt >= attempts;
      const backOff = random() * Math.min(maxMs, baseMs * 2 ** (attempt - 1));
      let response: TransportResponse | undefined;
      let delayMs: number;
      let reason: string;
      try {
        response = await next(request);
        if (last || !statuses.includes(response.status)) return response;
        if (!repeatable && response.status !== NOT_PROCESSED) return response;
        delayMs = parseRetryAfter(response.headers.all("retry-after")[0], now()) ?? backOff;
        reason = `status ${response.status}`;
        await response.body.discard();
      } catch (error) {
        if (last || request.signal?.aborted === true || !isTransportError(error) || !error.retryable)
          throw error;
        if (error.code === "TIMEOUT" && ++timeouts === MAX_TIMEOUTS) throw error;
        if (error.received !== undefined || !(repeatable || error.neverSent)) throw error;
        delayMs = backOff;
        reason = error.code;
      }
      if (isObserved("retry", request.observe)) {
        const status = response?.status;
        emitEvent({ type: "retry", attempt, delayMs, reason, status, ...factsOf(request) }, request.observe);
      }
      await sleep(delayMs, request.signal);
    }
  };
}

function isRepeatable(request: TransportRequest): boolean {
  if (request.idempotent !== undefined) return request.idempotent;
  const method = request.method.toUpperCase();
  if (method === "GET" || method === "HEAD") return true;
  // A repeated commit of an upload may meet a session that is gone although the blob was stored (distribution-spec,
  // "Pushing blobs"): the client asks with HEAD first.
  return method !== "POST" && method !== "PATCH" && !request.url.pathname.includes("/blobs/uploads/");
}

function sleepFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
