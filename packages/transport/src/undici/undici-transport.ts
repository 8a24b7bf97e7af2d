import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { TransportError } from "../errors.ts";
import type {
  RequestBody,
  Transport,
  TransportEngine,
  TransportRequest,
  TransportResponse,
} from "../transport.ts";
import { DEFAULT_LIMITS, type ExchangeLimits, type Watchdog } from "../watchdog.ts";
import { type Chosen, createAgents } from "./agents.ts";
import { createBlobWorkers } from "./blob-workers.ts";
import { Exchange } from "./exchange.ts";
import type { UndiciTransportOptions } from "./options.ts";

/**
 * The engine for Node: undici's own agents and dispatch, with addresses raced, certificates and proxies as configured,
 * deadlines that cannot be evaded, and bodies handed to a sink without a stream between.
 *
 * Codes: `NETWORK`, `TIMEOUT`, `TLS`, `TRUNCATED`, `PROTOCOL`, `POLICY_REFUSED`, `CONFIG`. Aborting rejects with the
 * signal's reason; what a sink or a body's source throws comes out as it is.
 *
 * Idle connections do not keep a process alive. `close()` ends the agents it made, and the next request makes new ones.
 *
 * @example
 * ```ts
 * const engine = undiciTransport({ family: 4 });
 * const response = await engine({ method: "GET", url: new URL("http://localhost:5000/v2/"), headers: {} });
 * await response.body.discard();
 * await engine.close();
 * ```
 */
export function undiciTransport(options: UndiciTransportOptions = {}): TransportEngine {
  const limits: ExchangeLimits = {
    headersTimeoutMs: options.headersTimeoutMs ?? DEFAULT_LIMITS.headersTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs ?? DEFAULT_LIMITS.idleTimeoutMs,
    minBytesPerSecond: options.minBytesPerSecond ?? DEFAULT_LIMITS.minBytesPerSecond,
    minRateWindowMs: options.minRateWindowMs ?? DEFAULT_LIMITS.minRateWindowMs,
  };
  const agents = createAgents(options);
  const send = (request: TransportRequest, { dispatcher, borrowed }: Chosen): Promise<TransportResponse> => {
    if (request.signal?.aborted === true) return Promise.reject(request.signal.reason);
    const exchange = new Exchange(request, limits, borrowed);
    try {
      dispatcher.dispatch(dispatchOptions(request, exchange), exchange);
    } catch (error) {
      exchange.onResponseError(
        null,
        error instanceof Error ? error : new Error("Dispatch failed", { cause: error }),
      );
    }
    return exchange.response;
  };
  const chooseAndSend = async (request: TransportRequest): Promise<TransportResponse> => {
    request.signal?.throwIfAborted();
    return send(request, await agents.dispatcherFor(request));
  };
  const here = (request: TransportRequest): Promise<TransportResponse> => {
    const known = agents.known(request);
    return known === undefined ? chooseAndSend(request) : send(request, known);
  };
  const workers = createBlobWorkers(options);
  const transport: Transport =
    workers === undefined ? here : (request) => workers.run(request, () => here(request));
  const close = async (): Promise<void> => {
    await Promise.all([agents.close(), workers?.close()]);
  };
  return Object.assign(transport, { close });
}

/** Larger bodies go out in slices, so that their progress shows: at once, they would count as sent before they are. */
const SLICE_BYTES = 256 * 1024;

function dispatchOptions(request: TransportRequest, exchange: Exchange): Dispatcher.DispatchOptions {
  const { url, body } = request;
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TransportError(
      "CONFIG",
      `${JSON.stringify(url.protocol)} is no protocol that registries speak`,
    );
  }
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  for (const name of Object.keys(request.headers)) {
    const value = request.headers[name];
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  if (body !== undefined)
    headers["content-length"] = String(body instanceof Uint8Array ? body.byteLength : body.size);
  return {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    // undici's type lists the known methods; any token is allowed, and checked there.
    method: request.method.toUpperCase() as Dispatcher.HttpMethod,
    headers,
    body: dispatchBody(body, request, exchange),
    // Else undici ends the connection after every HEAD.
    reset: false,
    // The watchdog keeps the deadlines: undici's own begin again with each interim answer and each byte.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function dispatchBody(
  body: RequestBody | undefined,
  request: TransportRequest,
  exchange: Exchange,
): NonNullable<Dispatcher.DispatchOptions["body"]> | null {
  if (body === undefined) return null;
  if (body instanceof Uint8Array && body.byteLength <= SLICE_BYTES) {
    return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  }
  const source = body instanceof Uint8Array ? { size: body.byteLength, open: () => slicesOf(body) } : body;
  if (source.size === 0) return null;
  // An async iterable is what undici writes with the least ado; its types list streams alone.
  return sourceOf(source, request, exchange, exchange.watchdog) as unknown as Readable;
}

async function* slicesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let offset = 0; offset < bytes.byteLength; offset += SLICE_BYTES) {
    yield bytes.subarray(offset, offset + SLICE_BYTES);
  }
}

async function* sourceOf(
  body: Exclude<RequestBody, Uint8Array>,
  request: TransportRequest,
  exchange: Exchange,
  watchdog: Watchdog,
): AsyncGenerator<Uint8Array, void> {
  try {
    // Time that our own source takes is not the peer's.
    watchdog.pause();
    for await (const chunk of body.open(0, request.signal)) {
      watchdog.sending();
      yield chunk;
      watchdog.pause();
    }
    watchdog.sending();
  } catch (error) {
    exchange.sourceError = { error };
    throw error;
  }
}
