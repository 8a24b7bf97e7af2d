import { type ContentSource, createVerifier, type Descriptor, isContentError } from "@reg/content";
import type { BlobWriter, ByteRange, RegistryStorage, RepositoryStorage } from "./storage.ts";

/**
 * One blob on its way from upstream into the storage. Any number of readers follow it: they are sent what has come,
 * but its last byte only when the whole has been verified and stored, so that nobody takes a wrong blob for complete.
 * It goes on when its readers leave.
 */
export class BlobDownload {
  /** Resolves when upstream has begun to answer. */
  readonly started: Promise<void>;
  /** Resolves when it is over, well or not. */
  readonly ended: Promise<void>;
  readonly #descriptor: Descriptor;
  readonly #repository: RepositoryStorage;
  #writer: BlobWriter | undefined;
  #outcome: "running" | "stored" | { readonly error: unknown } = "running";
  #waiting: (() => void)[] = [];

  constructor(
    descriptor: Descriptor,
    source: ContentSource,
    repository: RepositoryStorage,
    storage: RegistryStorage,
    signal: AbortSignal,
  ) {
    this.#descriptor = descriptor;
    this.#repository = repository;
    let begin = (): void => {};
    let refuse = (_error: unknown): void => {};
    this.started = new Promise((resolve, reject) => {
      begin = resolve;
      refuse = reject;
    });
    this.started.catch(() => {}); // whoever asked for the blob hears of it too
    this.ended = this.#run(source, storage, signal, begin).then(
      () => this.#end("stored"),
      (error: unknown) => {
        refuse(error);
        this.#end({ error });
      },
    );
  }

  async *read(range: ByteRange): AsyncIterable<Uint8Array> {
    let position = range.start;
    while (position < range.end) {
      if (this.#outcome === "stored") {
        yield* this.#repository.read(this.#descriptor.digest, { start: position, end: range.end });
        return;
      }
      if (this.#outcome !== "running") throw this.#outcome.error;
      const end = Math.min(range.end, this.#writer?.readable ?? 0, this.#descriptor.size - 1);
      if (position < end && this.#writer !== undefined) {
        try {
          for await (const chunk of this.#writer.read({ start: position, end })) {
            position += chunk.byteLength;
            yield chunk;
          }
        } catch (error) {
          if (!isContentError(error) || error.code !== "NOT_FOUND") throw error;
          // It is just being given its name: the outcome is near.
          await this.#news();
        }
      } else {
        await this.#news();
      }
    }
  }

  async #run(
    source: ContentSource,
    storage: RegistryStorage,
    signal: AbortSignal,
    begin: () => void,
  ): Promise<void> {
    const verifier = createVerifier(this.#descriptor);
    const stream = await source.fetch(this.#descriptor, { signal, verify: false });
    const writer = await storage.writer();
    this.#writer = writer;
    begin();
    try {
      for await (const chunk of stream) {
        signal.throwIfAborted();
        verifier.write(chunk);
        await writer.write(chunk);
        this.#wake();
      }
      verifier.end();
      await writer.commit(this.#repository, this.#descriptor.digest);
    } catch (error) {
      await stream.discard();
      await writer.abort();
      throw error;
    }
  }

  /** Resolves when more has come, or when it is over. */
  #news(): Promise<void> {
    if (this.#outcome !== "running") return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #end(outcome: "stored" | { readonly error: unknown }): void {
    this.#outcome = outcome;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
