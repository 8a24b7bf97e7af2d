import { closeSync, fdatasync, fstatSync, fsync, ftruncateSync, openSync, read } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import {
  ContentError,
  type ContentWriter,
  createVerifier,
  type Descriptor,
  digestAlgorithm,
  type SinkFile,
  type Verifier,
} from "@reg/content";
import { ChunkCollector } from "./chunk-collector.ts";
import { commitFile, NEW_FILE_MODE, onDisk, storageError, temporaryName, writeAll } from "./disk.ts";
import {
  claimPartialFile,
  discardPartialFile,
  forgetPartialFile,
  type PartialFile,
  partialStem,
} from "./partial-file.ts";

/** How a file is written. */
export interface FileWriterOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether `commit` waits until the bytes are on the disk itself. Default true. */
  readonly durable?: boolean | undefined;
}

/** Where a writer keeps the bytes until they are verified. */
export interface PartialPlace {
  /** On the file system of the final path. */
  readonly folder: string;
  /** Names the content, so that the next writer finds what this one left. */
  readonly stem: string;
}

/**
 * Writes verified content to a file. Until `commit` nothing has the file's name, and an existing file stays as it is.
 * A writer that was aborted, or whose process died, is gone on from by the next one for the same path and digest.
 *
 * Codes of `write` and `commit`: `SIZE_MISMATCH`, `DIGEST_MISMATCH`, `STORAGE`; each leaves nothing behind.
 *
 * @example
 * ```ts
 * import { digestOf } from "@reg/content";
 * import { fileWriter } from "@reg/layout";
 * const bytes = new TextEncoder().encode("hello");
 * const writer = await fileWriter("/tmp/hello.txt", { digest: digestOf(bytes), size: bytes.byteLength });
 * await writer.write(bytes.subarray(writer.offset));
 * await writer.commit();
 * ```
 */
export async function fileWriter(
  path: string,
  descriptor: Pick<Descriptor, "digest" | "size">,
  options: FileWriterOptions = {},
): Promise<ContentWriter> {
  const target = resolve(path);
  const hex = descriptor.digest.slice(digestAlgorithm(descriptor.digest).length + 1, STEM_HEX_DIGITS);
  return partialWriter(
    target,
    descriptor,
    { folder: dirname(target), stem: partialStem(target, hex) },
    options,
  );
}

/** As {@link fileWriter}, with the partial file in a place of the caller's choice. */
export async function partialWriter(
  path: string,
  descriptor: Pick<Descriptor, "digest" | "size">,
  place: PartialPlace,
  options: FileWriterOptions = {},
): Promise<ContentWriter> {
  options.signal?.throwIfAborted();
  // Judged before anything is made on the disk.
  createVerifier(descriptor);
  const durable = options.durable ?? true;
  if (descriptor.size <= BUFFERED_BYTES) return new BufferedWriter(path, descriptor, place, durable);
  const partial = await claimPartialFile(place.folder, place.stem);
  const writer = new PartialWriter(path, descriptor, partial, durable);
  try {
    await writer.takeUp(options.signal);
    return writer;
  } catch (cause) {
    await writer.abort();
    throw storageError(partial.path, cause);
  }
}

/** Small content needs no resuming: it is held until it is verified, and written in one go. */
class BufferedWriter implements ContentWriter {
  readonly offset = 0;
  readonly #path: string;
  readonly #descriptor: Pick<Descriptor, "digest" | "size">;
  readonly #place: PartialPlace;
  readonly #durable: boolean;
  readonly #bytes: Buffer;
  #length = 0;

  constructor(
    path: string,
    descriptor: Pick<Descriptor, "digest" | "size">,
    place: PartialPlace,
    durable: boolean,
  ) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#place = place;
    this.#durable = durable;
    this.#bytes = Buffer.allocUnsafe(descriptor.size);
  }

  write(chunk: Uint8Array): void {
    const end = this.#length + chunk.byteLength;
    if (end > this.#descriptor.size) throw tooLong(this.#descriptor);
    this.#bytes.set(chunk, this.#length);
    this.#length = end;
  }

  async restart(): Promise<void> {
    this.#length = 0;
  }

  async commit(): Promise<void> {
    const bytes = this.#bytes.subarray(0, this.#length);
    const verifier = createVerifier(this.#descriptor);
    verifier.write(bytes);
    verifier.end();
    const temporary = temporaryName(join(this.#place.folder, this.#place.stem));
    await onDisk(this.#path, async () => {
      // A few bytes: the system is quicker than a way to another thread and back.
      const fd = openSync(temporary, "wx", NEW_FILE_MODE);
      try {
        try {
          writeAll(fd, bytes, 0);
          if (this.#durable) await fsyncAsync(fd);
        } finally {
          closeSync(fd);
        }
        await commitFile(temporary, this.#path, { durable: this.#durable });
      } catch (cause) {
        await rm(temporary, { force: true });
        throw cause;
      }
    });
  }

  async abort(): Promise<void> {
    this.#length = 0;
  }
}

class PartialWriter implements ContentWriter {
  readonly #path: string;
  readonly #descriptor: Pick<Descriptor, "digest" | "size">;
  readonly #partial: PartialFile;
  readonly #durable: boolean;
  readonly #collector = new ChunkCollector((bytes, position) => this.#put(bytes, position));
  #offset = 0;
  #verifier: Verifier;
  /** Of what another thread wrote and hashed from the first byte on. */
  #digest: string | undefined;
  #open = true;
  /** Up to where the system has been told to write to the disk. */
  #flushed = 0;
  #flush: Promise<void> | undefined;
  /** What the disk said to that: it says so once. */
  #flushFailure: unknown;

  constructor(
    path: string,
    descriptor: Pick<Descriptor, "digest" | "size">,
    partial: PartialFile,
    durable: boolean,
  ) {
    this.#path = path;
    this.#descriptor = descriptor;
    this.#partial = partial;
    this.#durable = durable;
    this.#verifier = createVerifier(descriptor);
  }

  get offset(): number {
    return this.#offset;
  }

  /** Only from the first byte on can another thread know the digest in the end. */
  get file(): SinkFile | undefined {
    if (!this.#open || this.#collector.position > 0) return undefined;
    return {
      fd: this.#partial.fd,
      position: 0,
      size: this.#descriptor.size,
      algorithm: digestAlgorithm(this.#descriptor.digest),
      wrote: (bytes, digest) => {
        this.#assertOpen();
        this.#collector.reset(this.#collector.position + bytes);
        this.#digest = digest;
        if (this.#durable) this.#flushEarly(this.#collector.position);
      },
      failed: (cause) => {
        this.#discard();
        return storageError(this.#path, cause);
      },
    };
  }

  /** Hashes what an earlier writer left. */
  async takeUp(signal: AbortSignal | undefined): Promise<void> {
    const left = fstatSync(this.#partial.fd).size;
    // Longer than the content: not a part of it.
    if (left > this.#descriptor.size) return this.restart();
    await this.#rehash(left, signal);
    this.#offset = this.#verifier.received;
    this.#collector.reset(this.#offset);
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#assertOpen();
    if (this.#verifier.received < this.#collector.flushed) {
      // Another thread stopped half-way: its hash is gone, the bytes are here.
      return this.#rehash(this.#collector.flushed).then(() => {
        const { received } = this.#verifier;
        if (received === this.#collector.flushed) return this.write(chunk);
        const cause = new Error(
          `the file ended after ${received} of ${this.#collector.flushed} bytes written`,
        );
        throw storageError(this.#path, cause);
      });
    }
    if (this.#collector.position + chunk.byteLength > this.#descriptor.size) {
      this.#discard();
      throw tooLong(this.#descriptor);
    }
    this.#collector.write(chunk);
  }

  async restart(): Promise<void> {
    this.#assertOpen();
    await onDisk(this.#path, async () => ftruncateSync(this.#partial.fd, 0));
    this.#verifier = createVerifier(this.#descriptor);
    this.#digest = undefined;
    this.#collector.reset(0);
    this.#offset = 0;
    this.#flushed = 0;
  }

  async commit(): Promise<void> {
    this.#assertOpen();
    const { fd, path } = this.#partial;
    try {
      this.#collector.flush();
      await this.#verify();
      await this.#flush;
      if (this.#flushFailure !== undefined) throw storageError(this.#path, this.#flushFailure);
      if (this.#durable) await onDisk(this.#path, () => fsyncAsync(fd));
    } catch (cause) {
      this.#discard();
      throw cause;
    }
    this.#end();
    closeSync(fd);
    try {
      await commitFile(path, this.#path, { durable: this.#durable });
    } catch (cause) {
      await rm(path, { force: true });
      throw cause;
    } finally {
      forgetPartialFile(this.#partial);
    }
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    try {
      this.#collector.flush();
    } catch {
      // The disk refused, and the partial file is gone: there is nothing to keep.
      return;
    }
    if (this.#collector.position === 0) return this.#discard();
    this.#end();
    await this.#flush;
    closeSync(this.#partial.fd);
    this.#partial.lock.release();
  }

  async #verify(): Promise<void> {
    const { digest, size } = this.#descriptor;
    if (this.#digest === digest && this.#collector.position === size) return;
    // Whatever is wrong is told by the verifier.
    if (this.#verifier.received < this.#collector.position) await this.#rehash(this.#collector.position);
    this.#verifier.end();
  }

  /** Hashes what is in the file and has not been hashed here. */
  async #rehash(end: number, signal?: AbortSignal): Promise<void> {
    const buffer = Buffer.allocUnsafe(Math.min(REHASH_BYTES, end));
    while (this.#verifier.received < end) {
      signal?.throwIfAborted();
      const position = this.#verifier.received;
      const length = Math.min(buffer.byteLength, end - position);
      const { bytesRead } = await readAsync(this.#partial.fd, buffer, 0, length, position);
      if (bytesRead === 0) break;
      this.#verifier.write(buffer.subarray(0, bytesRead));
    }
  }

  #put(bytes: Uint8Array, position: number): void {
    try {
      this.#verifier.write(bytes);
      writeAll(this.#partial.fd, bytes, position);
      if (this.#durable) this.#flushEarly(position + bytes.byteLength);
    } catch (cause) {
      // At once, not when the caller gets to it: a full disk is not kept full.
      this.#discard();
      throw storageError(this.#path, cause);
    }
  }

  /** The disk works while more bytes come, so that there is little left to wait for in the end. */
  #flushEarly(position: number): void {
    if (this.#flush !== undefined || position - this.#flushed < FLUSH_BYTES) return;
    this.#flushed = position;
    this.#flush = fdatasyncAsync(this.#partial.fd)
      .catch((cause: unknown) => {
        this.#flushFailure ??= cause;
      })
      .finally(() => {
        this.#flush = undefined;
      });
  }

  #discard(): void {
    if (!this.#open) return;
    this.#end();
    discardPartialFile(this.#partial);
  }

  #end(): void {
    this.#open = false;
    this.#collector.release();
  }

  #assertOpen(): void {
    if (!this.#open) throw new ContentError("INVALID", `The writer of ${this.#path} has ended.`);
  }
}

const fdatasyncAsync = promisify(fdatasync);
const fsyncAsync = promisify(fsync);
const readAsync = promisify(read);

/** Content up to this size is held in memory until it is verified. */
const BUFFERED_BYTES = 1024 * 1024;

/** Some hundredths of a second of a disk's work; less only costs more journal entries. */
const FLUSH_BYTES = 16 * 1024 * 1024;

/** What an interrupted writer left is read back in pieces of this size. */
const REHASH_BYTES = 1024 * 1024;

/** Enough of the digest to tell the contents of one file name apart. */
const STEM_HEX_DIGITS = 24;

function tooLong(descriptor: Pick<Descriptor, "digest" | "size">): ContentError {
  return new ContentError(
    "SIZE_MISMATCH",
    `${descriptor.digest} has more than the ${descriptor.size} bytes announced.`,
  );
}
