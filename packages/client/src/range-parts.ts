import { isRegistryError } from "./errors.ts";
import { backoff, isTransient, reasonOf } from "./transience.ts";

/** Fetches the bytes from `start` up to `end` (exclusive), and settles when they have been taken. */
export type FetchPart = (
  start: number,
  end: number,
  take: (chunk: Uint8Array) => void,
  signal: AbortSignal,
) => Promise<void>;

export interface RangePartsOptions {
  /** The first byte, and the one after the last. */
  readonly start: number;
  readonly end: number;
  readonly partBytes: number;
  /** Parts in memory at most, and connections once all of them are wanted. */
  readonly parts: number;
  /** Whether there may be one connection more than there are. */
  readonly mayGrow: () => boolean;
  /** Told of each connection that is taken (1) or given back (-1). */
  readonly onConnection: (change: 1 | -1) => void;
  readonly onRetry?: ((reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Content that comes in parts side by side, and is given in order. Each part has a buffer of its own until all before
 * it is gone, so that no connection ever waits for another, and no more lies in memory than a part for each connection.
 *
 * It never fails by itself: where parts cannot be had it ends early, and whoever reads it goes on from there by other
 * means. A request that brings nothing costs a connection; parts that arrive earn it back.
 */
export class RangeParts {
  readonly #fetch: FetchPart;
  readonly #options: RangePartsOptions;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** In order; the first is the one whose turn it is. */
  readonly #parts: Part[] = [];
  readonly #spare: Uint8Array[] = [];
  /** Where the next part starts. */
  #next: number;
  #connections = 1;
  /** What is left of `#connections` after requests that brought nothing. */
  #allowed = 1;
  #ended = false;
  #wake = (): void => {};
  readonly #onAbort = (): void => this.#end();

  constructor(fetch: FetchPart, options: RangePartsOptions) {
    this.#fetch = fetch;
    this.#options = options;
    this.#next = options.start;
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#fill();
  }

  /** Whether no more parts are asked for. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** So many connections from now on. It begins with one. */
  grow(connections: number): void {
    this.#allowed += connections - this.#connections;
    this.#connections = connections;
    this.#fill();
  }

  /** The bytes in order. A chunk is valid until the next one is asked for. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#options;
    for (;;) {
      signal?.throwIfAborted();
      const head = this.#parts[0];
      if (head === undefined && (this.#ended || this.#next >= this.#options.end)) return;
      if (head !== undefined && head.given < head.received) {
        const chunk = head.buffer.subarray(head.given, Math.min(head.received, head.given + GIVEN_BYTES));
        head.given += chunk.byteLength;
        yield chunk;
      } else if (head !== undefined && head.received === head.size) {
        this.#parts.shift();
        this.#spare.push(head.buffer);
        this.#fill();
      } else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Ends all that is under way, and waits until it has ended. */
  async stop(): Promise<void> {
    this.#end();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    await Promise.all(this.#running);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#ending.abort(this.#options.signal?.reason);
    this.#wake();
  }

  #fill(): void {
    while (!this.#ended && this.#running.size < Math.floor(this.#allowed)) {
      // One goes on in any case: it is what is waited for.
      if (this.#running.size > 0 && !this.#options.mayGrow()) return;
      const part = this.#parts.find(({ busy, received, size }) => !busy && received < size) ?? this.#begin();
      if (part === undefined) return;
      part.busy = true;
      this.#options.onConnection(1);
      const running = this.#run(part).finally(() => {
        this.#running.delete(running);
        part.busy = false;
        this.#options.onConnection(-1);
        this.#fill();
        this.#wake();
      });
      this.#running.add(running);
    }
  }

  #begin(): Part | undefined {
    const { end, partBytes, parts } = this.#options;
    if (this.#parts.length >= parts || this.#next >= end) return undefined;
    const size = Math.min(partBytes, end - this.#next);
    const part: Part = {
      start: this.#next,
      size,
      buffer: this.#spare.pop() ?? new Uint8Array(partBytes),
      received: 0,
      given: 0,
      busy: false,
    };
    this.#next += size;
    this.#parts.push(part);
    return part;
  }

  /** One request for what is missing of a part. Never rejects. */
  async #run(part: Part): Promise<void> {
    const before = part.received;
    const { signal } = this.#ending;
    try {
      const take = (chunk: Uint8Array): void => this.#take(part, chunk);
      await this.#fetch(part.start + before, part.start + part.size, take, signal);
      if (part.received < part.size) throw new ShortPart("a part ended early");
      this.#allowed = Math.min(this.#connections, this.#allowed + EARNED_BY_A_PART);
    } catch (error) {
      if (this.#ended) return;
      if (!mayPass(error)) return this.#end();
      this.#options.onRetry?.(reasonOf(error));
      if (part.received > before) return;
      this.#allowed -= 1;
      if (this.#allowed < 1) return this.#end();
      await backoff(1, signal).catch(ignore);
    }
  }

  #take(part: Part, chunk: Uint8Array): void {
    if (this.#ended) throw new Error("Nobody takes parts any more.");
    if (chunk.byteLength > part.size - part.received) throw new Error("More came than was asked for.");
    part.buffer.set(chunk, part.received);
    part.received += chunk.byteLength;
    if (part === this.#parts[0]) this.#wake();
  }
}

/** Sinks hash and write what they get at once: not so much that everything else waits. */
const GIVEN_BYTES = 1024 * 1024;

/** A registry that minds four connections is asked for a fourth now and then, not all the time. */
const EARNED_BY_A_PART = 1 / 8;

interface Part {
  readonly start: number;
  readonly size: number;
  readonly buffer: Uint8Array;
  received: number;
  given: number;
  /** Whether a request for it is under way. */
  busy: boolean;
}

/** A body that ended before its part did, without the transport's noticing. */
class ShortPart extends Error {}

/** Whether the same request may bring more another time, perhaps with fewer beside it. */
function mayPass(error: unknown): boolean {
  if (error instanceof ShortPart || isTransient(error)) return true;
  return isRegistryError(error) && (error.code === "RATE_LIMITED" || error.code === "UNAVAILABLE");
}

function ignore(): void {}
