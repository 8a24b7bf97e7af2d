import {
  assertSize,
  type ByteSink,
  type ByteStream,
  byteStream,
  createHasher,
  digestAlgorithm,
  type Hasher,
  type SinkFile,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import type { ResponseHead, TransportRequest, TransportResponse } from "@reg/transport";
import type { Access } from "./access.ts";
import { blobSize } from "./blob-head.ts";
import { isContent, judgeHead, type RangeVerdict } from "./blob-range.ts";
import { BlobRanges, CUT } from "./blob-ranges.ts";
import type { DownloadOptions } from "./download-options.ts";
import type { Downloads } from "./downloads.ts";
import { RegistryError } from "./errors.ts";
import { type RangeSettings, rangeSettings } from "./range-settings.ts";
import { backoff, brokeWithinBody, isTransient, reasonOf } from "./transience.ts";
import { blobUrl } from "./urls.ts";
import { watchedSink } from "./watched-sink.ts";
import type { WireRequest } from "./wire.ts";

/**
 * One blob on its way here, over as many requests as it takes: what has come is counted and hashed as it passes, and a
 * connection that breaks is replaced by a request for the rest. Attempts count only while nothing comes.
 */
export class BlobDownload {
  readonly #access: Access;
  readonly #request: WireRequest;
  readonly #digest: Digest;
  readonly #options: DownloadOptions;
  readonly #hasher: Hasher | undefined;
  /** The byte after the last one wanted, as soon as it is known. */
  #end: number | undefined;
  #total: number | undefined;
  /** The next byte wanted. */
  #position: number;
  #fruitless = 0;
  readonly #downloads: Downloads;
  readonly #settings: RangeSettings | undefined;
  #ranges: BlobRanges | undefined;
  /** What the sink threw, whatever a transport makes of it. */
  #sinkFailure: { readonly error: unknown } | undefined;

  constructor(access: Access, digest: Digest, options: DownloadOptions = {}) {
    const { target, scopes } = access;
    const { size, offset = 0, length, verify = true } = options;
    for (const bytes of [size, offset, length]) if (bytes !== undefined) assertSize(bytes);
    this.#access = access;
    this.#downloads = access.wire.downloads;
    this.#settings = options.ranges === undefined ? access.wire.ranges : rangeSettings(options.ranges);
    this.#digest = digest;
    this.#options = options;
    this.#request = {
      what: `blob ${target.name}@${digest}`,
      target,
      method: "GET",
      url: blobUrl(target, digest),
      scopes,
      expectedSize: length ?? size,
      signal: options.signal,
    };
    this.#position = offset;
    this.#total = size;
    this.#end = length === undefined ? size : Math.min(offset + length, size ?? Number.POSITIVE_INFINITY);
    if (this.#end !== undefined && this.#end < offset) this.#end = offset;
    const whole = offset === 0 && length === undefined;
    this.#hasher = whole && verify ? createHasher(digestAlgorithm(digest)) : undefined;
  }

  /** Begins, so that the size is known, and gives the bytes as a stream. */
  async stream(): Promise<ByteStream> {
    const start = this.#position;
    const inParts = this.#settings?.always === true && this.#end !== undefined;
    const opened = inParts ? undefined : await this.#open();
    // Without a length a cut body looks complete: the size has to come from somewhere.
    if (this.#end === undefined) {
      this.#learn({ skip: 0, total: await blobSize(this.#access, this.#digest, this.#options.signal) });
    }
    if (this.#end === undefined) {
      await opened?.response.body.discard();
      throw new RegistryError(
        "PROTOCOL",
        `GET ${this.#request.what}: the registry does not say how large it is; give its size.`,
        this.#place(),
      );
    }
    const release = async (): Promise<void> => opened?.response.body.discard();
    return byteStream(this.#chunks(opened), this.#end - start, release);
  }

  /**
   * Moves the bytes into a sink. The transport hands them over itself, from the buffer they were read into, behind a
   * break too; only a part is pumped, for a registry that takes no notice of ranges has to be stopped at its end.
   */
  async into(sink: ByteSink): Promise<void> {
    const watched = this.#watch(sink);
    const leave = this.#enter();
    try {
      if (this.#options.length === undefined) await this.#hand(watched);
      else await pump(this.#rest(undefined), watched);
      this.#finish();
      if (this.#sinkFailure !== undefined) throw this.#sinkFailure.error;
    } catch (error) {
      throw this.#sinkFailure === undefined ? error : this.#sinkFailure.error;
    } finally {
      await leave();
    }
  }

  /** Counts a large download among the others, until what it returns is called and nothing of it is left. */
  #enter(): () => Promise<void> | undefined {
    const bytes = (this.#end ?? Number.POSITIVE_INFINITY) - this.#position;
    if (bytes < LARGE_BYTES) return () => undefined;
    this.#downloads.connections += 1;
    return () => {
      this.#downloads.connections -= 1;
      return this.#ranges?.close();
    };
  }

  /** Once more is known of the answer, and there is enough of it, it may go on in parts. */
  #consider(head?: ResponseHead): BlobRanges | undefined {
    const settings = this.#settings;
    if (settings === undefined || this.#end === undefined || this.#ranges !== undefined) return this.#ranges;
    if (!BlobRanges.fits(this.#access, head, this.#end - this.#position, settings)) return undefined;
    this.#ranges = new BlobRanges(this.#access, {
      ...settings,
      request: this.#request,
      end: this.#end,
      total: this.#total,
      position: () => this.#position,
      onRetry: this.#options.onRetry,
    });
    return this.#ranges;
  }

  /** Counts and hashes what goes into a sink, and remembers what it throws. */
  #watch(sink: ByteSink): ByteSink {
    const told = (): void | Promise<void> =>
      this.#options.onBytes?.(this.#position - (this.#options.offset ?? 0));
    const failed = (error: unknown): void => {
      this.#sinkFailure ??= { error };
    };
    const wrote = (bytes: number, file: SinkFile, digest: string | undefined): void => {
      this.#advance(bytes);
      file.wrote(bytes, digest);
      this.#downloads.bytes += bytes;
      this.#ranges?.passed(0);
      if (this.#sinkFailure !== undefined) throw this.#sinkFailure.error;
      // Another thread does not wait for who is told; what they have against it still counts.
      told()?.catch(failed);
      // It is ahead of what it tells: up to the cut the rest comes here.
      if (this.#ranges?.cut !== undefined && !this.#isComplete()) throw CUT;
    };
    const take = (chunk: Uint8Array): void => this.#take(chunk);
    const watcher = { take, wrote, told, failed, tooMuch: () => this.#tooMuch() };
    return watchedSink(sink, watcher, this.#hasher === undefined);
  }

  /** The bytes from the position on, with the sink in the transport's hands, over as many requests as it takes. */
  async #hand(sink: ByteSink): Promise<void> {
    const { wire } = this.#access;
    if (this.#settings?.always === true) this.#consider();
    while (!this.#isComplete()) {
      if (this.#ranges?.isAtCut) {
        await pump(this.#ranges.chunks(), sink);
        continue;
      }
      if (this.#fruitless > 0) await backoff(this.#fruitless, this.#options.signal);
      const start = this.#position;
      const request = this.#requestFrom(start);
      try {
        const response = await wire.send({ ...request, sink: this.#judging(sink, start) });
        if (!isContent(response.status, start > 0)) throw await wire.refuse(request, response);
        // Also where a body was empty, and the sink was never asked.
        this.#learn(judgeHead(`GET ${request.what}`, response, start, this.#total));
        if (this.#end === undefined) return;
        // A body that was cut where nothing announces its length looks complete.
        if (this.#position < this.#end) this.#countShort(start);
      } catch (error) {
        if (this.#sinkFailure === undefined && (error === CUT || this.#ranges?.isAtCut)) continue;
        // Where no answer comes, the transport has tried what there is to try.
        if (!brokeWithinBody(error) && this.#position === start) throw error;
        this.#forgive(error, start);
      }
    }
  }

  /** A sink for the answer to a request for the bytes from `start` on: what came before is not written again. */
  #judging(sink: ByteSink, start: number): NonNullable<TransportRequest["sink"]> {
    // A transport that does not tell what it is about to write could write anything behind a break.
    let toSkip = start === 0 ? 0 : undefined;
    let taking: ByteSink = sink;
    return {
      // Behind a break the bytes are hashed where the sink is, on top of those that came before.
      file: start === 0 && this.#settings?.always !== true ? sink.file : undefined,
      accept: (head) => {
        if (!isContent(head.status, start > 0)) throw this.#unexpected(head.status);
        const verdict = judgeHead(`GET ${this.#request.what}`, head, start, this.#total);
        toSkip = verdict.skip;
        this.#learn(verdict);
        taking = this.#consider(head)?.before(sink) ?? sink;
      },
      write: (chunk) => {
        if (toSkip === undefined) throw this.#unexpected("nothing of its head");
        this.#downloads.bytes += chunk.byteLength;
        if (toSkip === 0) return taking.write(chunk);
        const skipped = Math.min(toSkip, chunk.byteLength);
        toSkip -= skipped;
        return skipped === chunk.byteLength ? undefined : taking.write(chunk.subarray(skipped));
      },
    };
  }

  #unexpected(told: number | string): RegistryError {
    const message = `GET ${this.#request.what}: an answer that tells ${told} is no content.`;
    const status = typeof told === "number" ? told : undefined;
    return new RegistryError("PROTOCOL", message, { ...this.#place(), status });
  }

  async *#chunks(
    opened: { readonly response: TransportResponse; readonly skip: number } | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const leave = this.#enter();
    try {
      for await (const chunk of this.#rest(opened)) {
        this.#take(chunk);
        const told = this.#options.onBytes?.(this.#position - (this.#options.offset ?? 0));
        if (told !== undefined) await told;
        yield chunk;
      }
      this.#finish();
    } finally {
      await leave();
    }
  }

  /** The bytes from the position on, over as many requests as it takes. Whoever takes them moves the position. */
  async *#rest(
    first: { readonly response: TransportResponse; readonly skip: number } | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let opened = first;
    if (opened === undefined && this.#settings?.always === true) this.#consider();
    while (!this.#isComplete()) {
      if (this.#ranges?.isAtCut) {
        yield* this.#ranges.chunks();
        continue;
      }
      if (this.#fruitless > 0 && opened === undefined) await backoff(this.#fruitless, this.#options.signal);
      const start = this.#position;
      // Where no answer comes, the transport has tried what there is to try.
      opened ??= await this.#open();
      if (opened === undefined) return;
      try {
        const chunks = this.#body(opened.response, opened.skip);
        yield* this.#consider(opened.response)?.of(chunks) ?? chunks;
        if (this.#end === undefined) return;
        if (this.#position < this.#end && this.#ranges?.isAtCut !== true) this.#countShort(start);
      } catch (error) {
        this.#forgive(error, start);
      }
      opened = undefined;
    }
  }

  async *#body(response: TransportResponse, skip: number): AsyncGenerator<Uint8Array, void, undefined> {
    let toSkip = skip;
    for await (const chunk of response.body) {
      this.#downloads.bytes += chunk.byteLength;
      let part = chunk;
      if (toSkip > 0) {
        const skipped = Math.min(toSkip, part.byteLength);
        toSkip -= skipped;
        part = part.subarray(skipped);
      }
      // More than was asked for: no fault where a part was wanted and the whole came.
      if (this.#end !== undefined && this.#options.length !== undefined) {
        part = part.subarray(0, this.#end - this.#position);
      }
      if (part.byteLength > 0) yield part;
      if (this.#options.length !== undefined && this.#position === this.#end) return;
    }
  }

  /** Asks for the bytes from the position on; `undefined` where there are none left to ask for. */
  async #open(): Promise<{ readonly response: TransportResponse; readonly skip: number } | undefined> {
    const { wire } = this.#access;
    if (this.#isComplete() && this.#position > 0) return undefined;
    const request = this.#requestFrom(this.#position);
    const response = await wire.send(request);
    if (!isContent(response.status, request.headers !== undefined)) {
      throw await wire.refuse(request, response);
    }
    try {
      const verdict = judgeHead(`GET ${this.#request.what}`, response, this.#position, this.#total);
      this.#learn(verdict);
      return { response, skip: verdict.skip };
    } catch (error) {
      await response.body.discard();
      throw error;
    }
  }

  /** The request for the bytes from a position on; with a range only where it is not for all of them. */
  #requestFrom(position: number): WireRequest {
    const last = this.#options.length === undefined || this.#end === undefined ? "" : String(this.#end - 1);
    if (position === 0 && last === "") return this.#request;
    return { ...this.#request, headers: { range: `bytes=${position}-${last}` } };
  }

  #isComplete(): boolean {
    return this.#end !== undefined && this.#position >= this.#end;
  }

  #learn({ total }: RangeVerdict): void {
    if (total === undefined) return;
    this.#total ??= total;
    this.#end = Math.min(this.#end ?? total, total);
  }

  #take(chunk: Uint8Array): void {
    this.#advance(chunk.byteLength);
    this.#hasher?.update(chunk);
  }

  #advance(bytes: number): void {
    this.#position += bytes;
    if (this.#end !== undefined && this.#position > this.#end) throw this.#tooMuch();
  }

  #tooMuch(): RegistryError {
    const message = `GET ${this.#request.what}: more than the ${this.#end ?? "?"} bytes expected came.`;
    return new RegistryError("SIZE_MISMATCH", message, this.#place());
  }

  #finish(): void {
    if (this.#end !== undefined && this.#position < this.#end) {
      throw new RegistryError(
        "SIZE_MISMATCH",
        `GET ${this.#request.what}: ${this.#position} of ${this.#end} bytes came.`,
        this.#place(),
      );
    }
    const actual = this.#hasher?.digest();
    if (actual === undefined || actual === this.#digest) return;
    throw new RegistryError(
      "DIGEST_MISMATCH",
      `GET ${this.#request.what}: the content is another one, its digest is ${actual}.`,
      this.#place(),
    );
  }

  /** Rethrows what another attempt cannot cure, and what has been tried often enough. */
  #forgive(error: unknown, start: number): void {
    this.#options.signal?.throwIfAborted();
    if (this.#sinkFailure !== undefined || !isTransient(error)) throw error;
    this.#count(start, error);
  }

  #countShort(start: number): void {
    this.#count(
      start,
      new RegistryError(
        "SIZE_MISMATCH",
        `GET ${this.#request.what}: the body ended after ${this.#position} of ${this.#end ?? "?"} bytes.`,
        { ...this.#place(), retryable: true },
      ),
    );
  }

  #count(start: number, error: unknown): void {
    this.#fruitless = this.#position > start ? 0 : this.#fruitless + 1;
    if (this.#fruitless >= MAX_FRUITLESS_ATTEMPTS) throw error;
    this.#options.onRetry?.(reasonOf(error));
  }

  #place(): { readonly registry: string; readonly repository: string } {
    const { registry, repository } = this.#access.target;
    return { registry, repository };
  }
}

/** What takes a line for longer than a round trip, most likely, and a place among large downloads. */
const LARGE_BYTES = 1024 * 1024;

/** Attempts in a row that bring not one byte. */
const MAX_FRUITLESS_ATTEMPTS = 5;

async function pump(chunks: AsyncIterable<Uint8Array>, sink: ByteSink): Promise<void> {
  for await (const chunk of chunks) {
    const waiting = sink.write(chunk);
    if (waiting !== undefined) await waiting;
  }
}
