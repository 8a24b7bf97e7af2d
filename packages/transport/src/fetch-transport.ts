import { isTransportError, TransportError } from "./errors.ts";
import { emptyBody, responseBody } from "./response-body.ts";
import { contentLength, responseHeaders } from "./response-headers.ts";
import type { ByteSink, RequestBody, Transport, TransportRequest, TransportResponse } from "./transport.ts";
import { DEFAULT_LIMITS, type ExchangeLimits, Watchdog, type Watched } from "./watchdog.ts";

/** Options of {@link fetchTransport}. */
export interface FetchTransportOptions extends Partial<ExchangeLimits> {
  /**
   * "manual" hands redirects to `withRedirects`, which judges them; "follow" leaves them to the fetch, as in browsers,
   * which show nobody where a redirect leads.
   */
  readonly redirect?: "manual" | "follow";
}

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

/** Failures of Node's fetch that happen before anything is sent. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/**
 * Any WHATWG fetch as a transport: for browsers, workers, Deno, Bun, tests, and servers that are a fetch handler. A fetch
 * decodes `Content-Encoding` by itself; it is asked not to be sent any.
 *
 * Codes: `NETWORK`, `TIMEOUT`, `TRUNCATED`, `PROTOCOL`, `UNSUPPORTED`. Aborting rejects with the signal's reason.
 *
 * @example
 * ```ts
 * const transport = fetchTransport(async () => new Response("hello"));
 * const response = await transport({ method: "GET", url: new URL("http://localhost:5000/v2/"), headers: {} });
 * console.log(response.status);
 * ```
 */
export function fetchTransport(
  fetch: Fetch = (input, init) => globalThis.fetch(input, init),
  options: FetchTransportOptions = {},
): Transport {
  const limits: ExchangeLimits = { ...DEFAULT_LIMITS, ...options };
  return async (request) => {
    request.signal?.throwIfAborted();
    const ending = new AbortController();
    const exchange = new FetchExchange(request, limits, ending);
    try {
      const response = await fetch(request.url.href, {
        ...fetchInit(request, exchange),
        redirect: options.redirect ?? "manual",
        signal: ending.signal,
      });
      return await exchange.answered(response);
    } catch (error) {
      exchange.giveUp();
      throw exchange.describe(error);
    }
  };
}

class FetchExchange implements Watched {
  readonly watchdog: Watchdog;
  sourceError: { readonly error: unknown } | undefined;
  readonly #request: TransportRequest;
  readonly #ending: AbortController;
  #received: number | undefined;
  #timeout: TransportError | undefined;
  readonly #onAbort = (): void => this.#ending.abort(this.#request.signal?.reason);

  constructor(request: TransportRequest, limits: ExchangeLimits, ending: AbortController) {
    this.#request = request;
    this.#ending = ending;
    this.watchdog = new Watchdog(limits, request.url, this);
    this.watchdog.waiting();
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  expired(error: TransportError): void {
    this.#timeout = error;
    this.#ending.abort(error);
  }

  async answered(response: Response): Promise<TransportResponse> {
    const { url } = this.#request;
    if (response.type === "opaqueredirect") {
      const message = `${url.host} redirects, and this fetch does not show where: use the option redirect "follow"`;
      throw new TransportError("UNSUPPORTED", message);
    }
    this.#received = 0;
    // When the body is read is up to whoever asked.
    this.watchdog.pause();
    const headers = responseHeaders(response.headers);
    const head = { status: response.status, headers, url: response.url === "" ? url : new URL(response.url) };
    const encoding = headers.get("content-encoding") ?? "identity";
    const length = contentLength(headers);
    // What fetch has decoded is longer than what was announced.
    const expected = this.#hasBody(response) && encoding === "identity" ? length : undefined;
    // Nobody has to read what has no bytes: it is over.
    if (!this.#hasBody(response) || response.body === null || expected === 0) this.finished();
    const chunks = this.#endable(this.#chunks(response, expected));
    const { sink } = this.#request;
    if (sink === undefined || response.status < 200 || response.status > 299) {
      return { ...head, body: responseBody(chunks, expected) };
    }
    await pump(chunks, sink, head, this.watchdog);
    return { ...head, body: emptyBody() };
  }

  finished(): void {
    this.watchdog.stop();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }

  /** What is left of the answer is not wanted: the connection is not kept waiting for a reader. */
  giveUp(): void {
    this.finished();
    this.#ending.abort();
  }

  describe(error: unknown): unknown {
    if (this.sourceError !== undefined) return this.sourceError.error;
    if (this.#request.signal?.aborted === true) return this.#request.signal.reason;
    if (this.#timeout !== undefined) {
      return new TransportError("TIMEOUT", this.#timeout.message, { received: this.#received });
    }
    if (isTransportError(error) || error instanceof SinkError)
      return error instanceof SinkError ? error.reason : error;
    const host = this.#request.url.host;
    if (this.#received !== undefined) {
      const message = `The body from ${host} ended after ${this.#received} bytes`;
      return new TransportError("TRUNCATED", message, { cause: error, received: this.#received });
    }
    const neverSent = NEVER_SENT.has(codeOfCause(error));
    const message = `${host} could not be reached${crossOriginHint(this.#request.url)}`;
    return new TransportError("NETWORK", message, { cause: error, neverSent });
  }

  #hasBody(response: Response): boolean {
    return (
      this.#request.method.toUpperCase() !== "HEAD" && response.status !== 204 && response.status !== 304
    );
  }

  /** A generator that is ended before it began does not come to its `finally`. */
  #endable(chunks: AsyncGenerator<Uint8Array, void>): EndableChunks {
    let begun = false;
    return {
      next: () => {
        begun = true;
        return chunks.next();
      },
      return: () => {
        if (!begun) this.giveUp();
        return chunks.return();
      },
    };
  }

  async *#chunks(response: Response, expected: number | undefined): AsyncGenerator<Uint8Array, void> {
    const reader = response.body?.getReader();
    let complete = reader === undefined;
    try {
      while (reader !== undefined) {
        this.watchdog.receiving(0);
        const step = await reader.read();
        if (step.done) break;
        this.#received = (this.#received ?? 0) + step.value.byteLength;
        this.watchdog.receiving(step.value.byteLength);
        this.watchdog.pause();
        yield step.value;
      }
      complete = true;
      if (expected !== undefined && (this.#received ?? 0) < expected)
        throw new Error("The body is too short");
    } catch (error) {
      throw this.describe(error);
    } finally {
      if (complete) this.finished();
      else this.giveUp();
    }
  }
}

/** Tells what a sink threw from what the fetch did. */
class SinkError extends Error {
  readonly reason: unknown;
  constructor(reason: unknown) {
    super("The sink failed");
    this.reason = reason;
  }
}

type EndableChunks = Pick<AsyncGenerator<Uint8Array, void>, "next"> & { return(): Promise<Step> };
type Step = IteratorResult<Uint8Array, void>;

async function pump(
  chunks: EndableChunks,
  sink: ByteSink,
  head: { status: number; headers: TransportResponse["headers"]; url: URL },
  watchdog: Watchdog,
): Promise<void> {
  try {
    sink.accept?.(head);
  } catch (error) {
    await chunks.return();
    throw new SinkError(error);
  }
  for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) {
    try {
      watchdog.pause();
      await sink.write(chunk);
    } catch (error) {
      throw new SinkError(error);
    }
  }
}

function fetchInit(request: TransportRequest, exchange: FetchExchange): RequestInit & { duplex?: "half" } {
  const headers = { "accept-encoding": "identity", ...request.headers };
  const { body, method } = request;
  if (body === undefined) return { method, headers };
  // The type of a body's buffer is wider here than fetch's, which takes any view in practice.
  if (body instanceof Uint8Array) return { method, headers, body: body as Uint8Array<ArrayBuffer> };
  if (body.size === 0) return { method, headers, body: new Uint8Array(0) };
  return {
    method,
    headers: { ...headers, "content-length": String(body.size) },
    body: streamOf(body, request, exchange),
    duplex: "half",
  };
}

function streamOf(
  body: Exclude<RequestBody, Uint8Array>,
  request: TransportRequest,
  exchange: FetchExchange,
): ReadableStream<Uint8Array> {
  const iterator = body.open(0, request.signal)[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        try {
          exchange.watchdog.pause();
          const step = await iterator.next();
          exchange.watchdog.sending();
          if (step.done === true) {
            controller.close();
            exchange.watchdog.waiting();
          } else controller.enqueue(step.value);
        } catch (error) {
          exchange.sourceError = { error };
          controller.error(error);
        }
      },
      cancel: async () => {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** A browser does not say whether a host is dead or does not let the page read its answers. */
function crossOriginHint(url: URL): string {
  const page: { location?: { origin?: string } } = globalThis as object;
  const origin = page.location?.origin;
  if (origin === undefined || origin === url.origin) return "";
  return `, or does not let pages of ${origin} read its answers (CORS)`;
}

function codeOfCause(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  if (typeof cause !== "object" || cause === null || !("code" in cause)) return "";
  return typeof cause.code === "string" ? cause.code : "";
}
