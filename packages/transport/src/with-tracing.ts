import { countingFile } from "./counting-file.ts";
import { bothObservers, emitEvent, factsOf, isObserved, withId } from "./emit-event.ts";
import { isTransportError } from "./errors.ts";
import { responseBody } from "./response-body.ts";
import type { ByteSink, Middleware, Transport, TransportRequest, TransportResponse } from "./transport.ts";
import type { TransportObserver } from "./transport-event.ts";

/** Who is told by {@link withTracing}. */
export interface TracingOptions {
  /**
   * Told of every event of a request beside `diagnostics_channel`; those of outer middleware (retries, redirects)
   * reach an observer only where the request itself carries it.
   */
  readonly observe?: TransportObserver;
}

/**
 * Tells what happens to each attempt: to the request's `observe`, to the option's, and on the `diagnostics_channel`s
 * `reg:transport:start`, `:response`, `:end` and `:error`. URLs are redacted. Costs next to nothing while nobody listens.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withTracing({ observe: (event) => console.error(event) }));
 * ```
 */
export function withTracing(options: TracingOptions = {}): Middleware {
  return (next) => (original) => {
    const observer = bothObservers(original.observe, options.observe);
    if (!isObserved("start", observer) && !isObserved("end", observer)) return next(original);
    return traced(next, original, observer);
  };
}

async function traced(
  next: Transport,
  original: TransportRequest,
  observer: TransportObserver | undefined,
): Promise<TransportResponse> {
  const request = { ...withId(original), observe: observer };
  const facts = factsOf(request);
  const startedAt = performance.now();
  let bytes = 0;
  const count = (size: number): void => {
    bytes += size;
  };
  const ended = (): void => {
    emitEvent({ type: "end", bytes, durationMs: performance.now() - startedAt, ...facts }, observer);
  };
  const failed = (error: unknown): void => {
    const code = isTransportError(error)
      ? error.code
      : request.signal?.aborted === true
        ? "ABORTED"
        : "ERROR";
    const message = isTransportError(error) ? error.message : "The caller's side ended it";
    emitEvent(
      { type: "error", code, message, durationMs: performance.now() - startedAt, ...facts },
      observer,
    );
  };
  emitEvent({ type: "start", ...facts }, observer);
  let response: TransportResponse;
  try {
    response = await next({ ...request, sink: request.sink && countingSink(request.sink, count) });
  } catch (error) {
    failed(error);
    throw error;
  }
  const durationMs = performance.now() - startedAt;
  emitEvent({ type: "response", status: response.status, durationMs, ...facts }, observer);
  const taken = request.sink !== undefined && response.status >= 200 && response.status < 300;
  if (taken || request.method.toUpperCase() === "HEAD") {
    ended();
    return response;
  }
  return {
    ...response,
    body: responseBody(observed(response.body[Symbol.asyncIterator](), count, ended, failed)),
  };
}

function countingSink(sink: ByteSink, count: (size: number) => void): ByteSink {
  const accept = sink.accept?.bind(sink);
  return {
    ...(accept === undefined ? undefined : { accept }),
    file: sink.file && countingFile(sink.file, count),
    write: (chunk) => {
      count(chunk.byteLength);
      return sink.write(chunk);
    },
  };
}

function observed(
  inner: AsyncIterator<Uint8Array, unknown>,
  count: (size: number) => void,
  ended: () => void,
  failed: (error: unknown) => void,
): AsyncIterator<Uint8Array, unknown> {
  let open = true;
  const close = (): void => {
    if (open) ended();
    open = false;
  };
  return {
    next: async () => {
      try {
        const step = await inner.next();
        if (step.done === true) close();
        else count(step.value.byteLength);
        return step;
      } catch (error) {
        if (open) failed(error);
        open = false;
        throw error;
      }
    },
    return: async () => {
      close();
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
}
