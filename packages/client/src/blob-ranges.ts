import type { ByteSink } from "@reg/content";
import type { ResponseHead } from "@reg/transport";
import type { Access } from "./access.ts";
import { judgePart } from "./blob-range.ts";
import type { Downloads } from "./downloads.ts";
import { RangeParts } from "./range-parts.ts";
import type { RangeSettings } from "./range-settings.ts";
import type { WireRequest } from "./wire.ts";

export interface BlobRangesOptions extends RangeSettings {
  /** The request that one connection carries; a part's differs by its range. */
  readonly request: WireRequest;
  /** The byte after the last one wanted. */
  readonly end: number;
  /** Bytes of the whole content. */
  readonly total: number | undefined;
  /** The next byte that is to come in order. */
  readonly position: () => number;
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/** What a request is ended with whose remaining bytes come over other connections. */
export const CUT: Error = new Error("The rest comes over several connections.");

/**
 * Decides whether a download that one connection has begun goes on over several. It watches how fast bytes come; where
 * that is slow, and not for our own side's sake, a second connection fetches a part further on, on trial. If all
 * downloads together become markedly faster by it, the first connection ends where that part starts ({@link cut}), and
 * what follows comes in parts.
 */
export class BlobRanges {
  readonly #access: Access;
  readonly #options: BlobRangesOptions;
  readonly #downloads: Downloads;
  #state: "watching" | "trying" | "on" | "off" = "watching";
  #parts: RangeParts | undefined;
  /** Parts that were given up, and their connections with them. */
  #stopping: Promise<void> = Promise.resolve();
  /** Where the parts start. */
  #start = 0;
  /** Whether a range has been answered with that range. */
  #honoured = false;
  #window: Mark | undefined;
  #heldUpMs = 0;
  /** Before the trial: of all downloads, and of this one. */
  #before: Rates = { all: 0, own: 0 };
  #trialBytes = 0;
  #half: Mark | undefined;

  constructor(access: Access, options: BlobRangesOptions) {
    this.#access = access;
    this.#options = options;
    this.#downloads = access.wire.downloads;
    if (!options.always) return;
    this.#state = "on";
    this.#begin(options.position());
  }

  /** Whether a download may come in parts, as far as the head of its first answer, where there is one yet, tells. */
  static fits(
    { wire, target }: Access,
    head: ResponseHead | undefined,
    bytes: number,
    { above, always }: RangeSettings,
  ): boolean {
    const { downloads } = wire;
    if (bytes < above || downloads.isWithoutRanges(target.registry)) return false;
    // A trial waits until there is one.
    if (always && !downloads.hasFree) return false;
    // RFC 9110, section 14.3: the field's absence says nothing.
    return head?.headers.get("accept-ranges")?.trim().toLowerCase() !== "none";
  }

  /** The byte that the first connection must not pass: from there on parts come. */
  get cut(): number | undefined {
    return this.#state === "on" && this.#parts?.hasEnded === false ? this.#start : undefined;
  }

  get isAtCut(): boolean {
    return this.cut === this.#options.position();
  }

  /** Before a sink of the first connection, whose request it ends with {@link CUT}. */
  before(sink: ByteSink): ByteSink {
    const after = (started: number): void => {
      this.passed(performance.now() - started);
      if (this.isAtCut) throw CUT;
    };
    return {
      write: (chunk) => {
        const started = performance.now();
        const part = this.#upToCut(chunk);
        const waiting = part.byteLength === 0 ? undefined : sink.write(part);
        return waiting === undefined ? after(started) : waiting.then(() => after(started));
      },
    };
  }

  /** The chunks of the first connection, as far as they are wanted. Whoever takes one moves the position. */
  async *of(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      const part = this.#upToCut(chunk);
      const started = performance.now();
      if (part.byteLength > 0) yield part;
      this.passed(performance.now() - started);
      if (this.isAtCut) return;
    }
  }

  /** The first connection has brought more; so long has our own side kept it waiting since the last call. */
  passed(heldUpMs: number): void {
    const position = this.#options.position();
    if (this.#state === "watching") this.#watch(position, heldUpMs);
    else if (this.#parts?.hasEnded === true) this.#giveUp();
    else if (this.#state === "trying" && position >= this.#start) this.#giveUp();
    else if (this.#state === "on" && position > this.#start) this.#giveUp();
  }

  /** The bytes from {@link cut} on, as far as parts bring them. */
  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const parts = this.#parts;
    if (parts === undefined || this.#state !== "on") return;
    // The first connection has ended; its place is free for a part.
    this.#downloads.connections -= 1;
    try {
      if (this.#honoured) parts.grow(this.#options.connections);
      yield* parts.chunks();
    } finally {
      this.#downloads.connections += 1;
      await this.close();
    }
  }

  /** Ends what is under way. Never throws. */
  async close(): Promise<void> {
    this.#giveUp();
    await this.#stopping;
  }

  #upToCut(chunk: Uint8Array): Uint8Array {
    const { cut } = this;
    return cut === undefined ? chunk : chunk.subarray(0, Math.max(0, cut - this.#options.position()));
  }

  #watch(position: number, heldUpMs: number): void {
    const now = performance.now();
    this.#heldUpMs += heldUpMs;
    const window = this.#window;
    if (window !== undefined && now - window.at < WINDOW_MILLISECONDS) return;
    const heldUp = this.#heldUpMs;
    this.#window = { at: now, bytes: this.#downloads.bytes, position };
    this.#heldUpMs = 0;
    if (window === undefined) return;
    const seconds = (now - window.at) / 1000;
    const all = (this.#downloads.bytes - window.bytes) / seconds;
    const own = (position - window.position) / seconds;
    if (all > SLOW_BYTES_PER_SECOND || heldUp > (now - window.at) / 2) return;
    const left = this.#options.end - position;
    const lead = this.#options.partBytes + own * TRIAL_SECONDS;
    if (left < own * WORTH_SECONDS || left < lead + 2 * this.#options.partBytes) return;
    this.#before = { all, own };
    this.#try(position, lead);
  }

  #try(position: number, lead: number): void {
    const downloads = this.#downloads;
    // Somebody else needs the line, or is finding out: there will be another window.
    if (!downloads.hasFree || downloads.trying) return;
    this.#state = "trying";
    downloads.trying = true;
    this.#begin(Math.ceil(position + lead));
  }

  #begin(start: number): void {
    const { end, partBytes, request, onRetry } = this.#options;
    const downloads = this.#downloads;
    this.#start = start;
    this.#parts = new RangeParts((from, to, take, until) => this.#fetch(from, to, take, until), {
      start,
      end,
      partBytes,
      parts: this.#options.connections,
      mayGrow: () => downloads.hasFree,
      onConnection: (change) => {
        downloads.connections += change;
      },
      onRetry,
      signal: request.signal,
    });
  }

  async #fetch(
    start: number,
    end: number,
    take: (chunk: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { wire, target } = this.#access;
    const { total, connections, request: whole } = this.#options;
    let judged = false;
    const request: WireRequest = {
      ...whole,
      headers: { range: `bytes=${start}-${end - 1}` },
      expectedSize: end - start,
      // A connection that is not wanted is given back, not asked for again and again while others could go on.
      attempts: 1,
      signal,
      sink: {
        accept: (head) => {
          try {
            judgePart(`GET ${whole.what}`, head, { start, end, total });
          } catch (error) {
            this.#downloads.learnWithoutRanges(target.registry);
            throw error;
          }
          judged = true;
          if (!this.#honoured && this.#state === "on") this.#parts?.grow(connections);
          this.#honoured = true;
        },
        write: (chunk) => {
          if (!judged) throw new Error("A part came without its head.");
          this.#downloads.bytes += chunk.byteLength;
          take(chunk);
          if (this.#state === "trying") this.#weigh(chunk.byteLength);
        },
      },
    };
    const response = await wire.send(request);
    if (response.status !== 206) throw await wire.refuse(request, response);
  }

  /**
   * Compares what comes on trial with the time before it, from the middle of its first part on: until then a connection
   * only gets going.
   */
  #weigh(bytes: number): void {
    const { partBytes, connections, end } = this.#options;
    this.#trialBytes += bytes;
    const now = performance.now();
    if (this.#half === undefined) {
      if (this.#trialBytes < partBytes / 2) return;
      this.#half = { at: now, bytes: this.#downloads.bytes, position: this.#trialBytes };
    }
    const enough = now - this.#half.at >= WEIGHED_MILLISECONDS ? partBytes : partBytes * connections;
    if (this.#trialBytes < Math.min(enough, end - this.#start)) return;
    const seconds = (now - this.#half.at) / 1000;
    const all = (this.#downloads.bytes - this.#half.bytes) / seconds;
    const second = (this.#trialBytes - this.#half.position) / seconds;
    const { all: before, own } = this.#before;
    // A second connection that flies where the first one crawls: what the first waits for is our own disk.
    this.#settle(all >= before * PAYS && second <= own * SAME_LINE);
  }

  #settle(pays: boolean): void {
    if (this.#state !== "trying") return;
    // What had been asked for on trial may have been overtaken while a sink was busy.
    if (!pays || this.#options.position() > this.#start) this.#giveUp();
    else {
      this.#state = "on";
      this.#downloads.trying = false;
      this.#parts?.grow(this.#options.connections - 1);
    }
  }

  #giveUp(): void {
    if (this.#state === "trying") this.#downloads.trying = false;
    this.#state = "off";
    const parts = this.#parts;
    this.#parts = undefined;
    if (parts !== undefined) this.#stopping = Promise.all([this.#stopping, parts.stop()]).then(ignore);
  }
}

/** Long enough for what buffers swallow, and short beside the download of 64 MiB that is worth a trial. */
const WINDOW_MILLISECONDS = 1_000;

/** What comes faster than half a gigabit a second is held up by no limit that a second connection would not share. */
const SLOW_BYTES_PER_SECOND = 64 * 1024 * 1024;

/** A trial takes a few round trips (redirect, TLS) and two starts of a slow one: the first connection gets so far. */
const TRIAL_SECONDS = 1.5;

/** What a busy process lets lie for a moment comes in one burst: over this time it does not matter. */
const WEIGHED_MILLISECONDS = 500;

/** What is there sooner than this needs no help. */
const WORTH_SECONDS = 3;

/** Two connections where each is limited bring twice as much; noise does not bring a third more. */
const PAYS = 1.3;

/** How much faster than the first a second connection may be and still be thought to be of its kind. */
const SAME_LINE = 4;

interface Mark {
  readonly at: number;
  readonly bytes: number;
  readonly position: number;
}

/** Bytes a second. */
interface Rates {
  readonly all: number;
  readonly own: number;
}

function ignore(): void {}
