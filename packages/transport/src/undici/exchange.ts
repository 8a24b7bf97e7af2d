import type { Dispatcher } from "undici";
import { TransportError } from "../errors.ts";
import { emptyBody, responseBody } from "../response-body.ts";
import { contentLength, headersOf } from "../response-headers.ts";
import type { ByteSink, ResponseHeaders, TransportRequest, TransportResponse } from "../transport.ts";
import { type ExchangeLimits, Watchdog, type Watched } from "../watchdog.ts";
import { describeFailure } from "./describe-failure.ts";

/** Chunks wait for a slow reader up to this much; then the connection is paused. */
const HIGH_WATER_BYTES = 256 * 1024;
/** A microtask at less than half the price of `queueMicrotask`, which keeps the asynchronous context. */
const AFTER_THIS_CALL: Promise<void> = Promise.resolve();

type Step = IteratorResult<Uint8Array, undefined>;
interface Reader {
  readonly resolve: (step: Step) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One request and its answer, as a handler of undici's dispatch: no stream between the socket and whoever takes the
 * bytes. With a sink, each chunk is handed over in the very call that undici makes, and the connection pauses while
 * `write` is pending; the chunk may therefore lie in a buffer that is used again.
 */
export class Exchange implements Dispatcher.DispatchHandler, Watched {
  /** Settles with the answer's head, or where a sink takes the body, when all of it has been taken. */
  readonly response: Promise<TransportResponse>;
  readonly watchdog: Watchdog;
  /** What the caller's own body threw, so that it comes out as it went in. */
  sourceError: { readonly error: unknown } | undefined;

  readonly #request: TransportRequest;
  readonly #borrowed: boolean;
  #resolve: (response: TransportResponse) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #failure: { readonly error: unknown } | undefined;
  #headers: ResponseHeaders | undefined;
  #status = 0;
  #received = 0;
  #length: number | undefined;
  #ended = false;
  #settled = false;
  #bodiless = false;
  #sink: ByteSink | undefined;
  #sinkBusy = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #reader: Reader | undefined;
  #onAbort: (() => void) | undefined;

  /** @param borrowed - whether chunks lie in a buffer that the next read overwrites. */
  constructor(request: TransportRequest, limits: ExchangeLimits, borrowed: boolean) {
    this.#request = request;
    this.#borrowed = borrowed;
    this.watchdog = new Watchdog(limits, request.url, this);
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = request;
    if (signal === undefined) return;
    this.#onAbort = () => this.#abort(signal.reason);
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  expired(error: TransportError): void {
    this.#abort(error);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#failure !== undefined) controller.abort(asError(this.#failure.error));
    else if (this.#request.body === undefined) this.watchdog.waiting();
    else this.watchdog.sending();
  }

  onBodySent(): void {
    this.watchdog.sending();
  }

  onRequestSent(): void {
    if (this.#headers === undefined) this.watchdog.waiting();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    fields: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200 || this.#failure !== undefined || this.#headers !== undefined) return;
    this.#status = status;
    this.#headers = headersOf(fields);
    this.watchdog.receiving(0);
    const head = { status, headers: this.#headers, url: this.#request.url };
    try {
      const length = contentLength(this.#headers);
      this.#length = length;
      const { sink } = this.#request;
      if (sink !== undefined && status < 300) {
        sink.accept?.(head);
        this.#sink = sink;
      } else if (this.#hasBody() && length !== 0) {
        this.#resolve({ ...head, body: responseBody(this.#iterator(), length) });
      } else this.#bodiless = true;
    } catch (error) {
      this.#abort(error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    // A parser that is resumed before more has come reports no bytes; to pause at that would go on for ever.
    if (this.#failure !== undefined || chunk.byteLength === 0) return;
    this.#received += chunk.byteLength;
    this.watchdog.receiving(chunk.byteLength);
    if (this.#reader !== undefined) {
      const { resolve } = this.#reader;
      this.#reader = undefined;
      resolve({ done: false, value: this.#own(chunk) });
    } else if (this.#sink !== undefined && !this.#sinkBusy) {
      this.#feed(this.#sink, chunk);
    } else {
      // Also where the connection is paused: what is left of it is handed on when the peer has closed.
      this.#queue.push(this.#own(chunk));
      this.#queuedBytes += chunk.byteLength;
      if (this.#queuedBytes >= HIGH_WATER_BYTES && this.#sink === undefined) this.#pause(controller);
    }
  }

  onResponseEnd(): void {
    this.#ended = true;
    // undici lets the connection take another request by a setImmediate that it queues after this call. Whoever goes on
    // with the next request at once should find this connection free, or a second one is opened for nothing.
    void AFTER_THIS_CALL.then(() => setImmediate(() => this.#settle()));
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#ended && this.#failure === undefined && this.#status !== 0) return;
    // A peer may close as soon as it has sent all, while the last bytes still wait for a slow reader.
    if (
      this.#failure === undefined &&
      this.#hasBody() &&
      this.#received === this.#length &&
      this.#length > 0
    ) {
      this.onResponseEnd();
      return;
    }
    const received = this.#headers === undefined ? undefined : this.#received;
    this.#fail(this.sourceError?.error ?? describeFailure(error, this.#request, received));
  }

  #hasBody(): boolean {
    return this.#request.method.toUpperCase() !== "HEAD" && this.#status !== 204 && this.#status !== 304;
  }

  #own(chunk: Buffer): Uint8Array {
    return this.#borrowed ? Uint8Array.prototype.slice.call(chunk) : chunk;
  }

  #pause(controller: Dispatcher.DispatchController | undefined): void {
    this.watchdog.pause();
    controller?.pause();
  }

  #resume(): void {
    if (this.#controller?.paused !== true) return;
    if (!this.#ended) this.watchdog.receiving(0);
    this.#controller.resume();
  }

  #feed(sink: ByteSink, chunk: Uint8Array): void {
    let writing: void | Promise<void>;
    try {
      writing = sink.write(chunk);
    } catch (error) {
      this.#abort(error);
      return;
    }
    if (writing === undefined) return;
    this.#sinkBusy = true;
    this.#pause(this.#controller);
    writing.then(
      () => {
        this.#sinkBusy = false;
        const next = this.#failure === undefined ? this.#queue.shift() : undefined;
        if (next !== undefined) this.#feed(sink, next);
        else if (this.#ended) this.#settle();
        else this.#resume();
      },
      (error: unknown) => this.#abort(error),
    );
  }

  /** The body has ended as it should: whoever waits is told, unless chunks still wait for them. */
  #settle(): void {
    if (this.#failure !== undefined || this.#headers === undefined) return;
    this.#settled = true;
    if (this.#sink !== undefined || this.#bodiless) {
      if (this.#sinkBusy) return;
      this.#resolve({
        status: this.#status,
        headers: this.#headers,
        url: this.#request.url,
        body: emptyBody(),
      });
    }
    this.#release();
    this.#reader?.resolve({ done: true, value: undefined });
    this.#reader = undefined;
  }

  #abort(error: unknown): void {
    if (this.#failure !== undefined || (this.#ended && !this.#sinkBusy && this.#queue.length === 0)) return;
    const timedOut =
      error instanceof TransportError && error.code === "TIMEOUT" && this.#headers !== undefined;
    this.#fail(timedOut ? new TransportError("TIMEOUT", error.message, { received: this.#received }) : error);
    this.#controller?.abort(asError(error));
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#release();
    this.#reject(error);
    // What came before the failure is good, and is read first; a caller's own abort ends it at once.
    if (this.#reader !== undefined) {
      this.#reader.reject(error);
      this.#reader = undefined;
    }
  }

  #release(): void {
    this.watchdog.stop();
    if (this.#onAbort !== undefined) this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }

  #iterator(): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: async () => {
        this.#queue = [];
        this.#settled = true;
        if (!this.#ended) this.#abort(new TransportError("NETWORK", "The body was not read to its end"));
        this.#ended = true;
        return { done: true, value: undefined };
      },
    };
  }

  #next(): Promise<Step> {
    const chunk = this.#queue.shift();
    if (chunk !== undefined && this.#request.signal?.aborted !== true) {
      this.#queuedBytes -= chunk.byteLength;
      if (this.#queuedBytes < HIGH_WATER_BYTES / 2) this.#resume();
      return Promise.resolve({ done: false, value: chunk });
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#settled) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#reader = { resolve, reject };
      this.#resume();
    });
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("Aborted", { cause: error });
}
