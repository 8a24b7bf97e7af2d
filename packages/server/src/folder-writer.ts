import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { ContentError } from "@reg/content";
import { commitFile } from "@reg/layout";
import type { Digest } from "@reg/reference";
import { readFileRange } from "./file-range.ts";
import { FolderRepository } from "./folder-repository.ts";
import type { BlobWriter, ByteRange, RepositoryStorage } from "./storage.ts";

/** The first buffer of an upload, which is all that a configuration or manifest needs. */
const FIRST_BUFFER_BYTES = 64 * 1024;

/** Large writes cost the least; two of these take turns, one filling while the other is written. */
const BUFFER_BYTES = 1024 * 1024;

/** A blob on its way in: a temporary file, which is given its name in the layout when its digest has been checked. */
export class FolderWriter implements BlobWriter {
  size = 0;
  readable = 0;
  readonly #path: string;
  readonly #durable: boolean;
  readonly #file: FileHandle;
  #filling: Buffer = Buffer.allocUnsafe(FIRST_BUFFER_BYTES);
  #filled = 0;
  #spare: Buffer | undefined;
  #writing: Promise<void> = Promise.resolve();
  #written = 0;
  #open = true;

  private constructor(path: string, file: FileHandle, durable: boolean) {
    this.#path = path;
    this.#file = file;
    this.#durable = durable;
  }

  static async create(path: string, durable: boolean): Promise<FolderWriter> {
    const file = await open(path, "wx", 0o666);
    return new FolderWriter(path, file, durable);
  }

  async write(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.byteLength > 0) {
      if (this.#filled === this.#filling.byteLength) await this.#turn();
      const taken = rest.subarray(0, this.#filling.byteLength - this.#filled);
      this.#filling.set(taken, this.#filled);
      this.#filled += taken.byteLength;
      this.size += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
    }
  }

  async *read(range: ByteRange): AsyncIterable<Uint8Array> {
    if (range.end > this.readable) {
      await this.#turn();
      await this.#writing;
    }
    // By its path, not the writer's handle, which the commit closes while a reader may be half-way.
    yield* readFileRange(this.#path, range);
  }

  async commit(repository: RepositoryStorage, digest: Digest): Promise<void> {
    if (!(repository instanceof FolderRepository)) {
      throw new ContentError(
        "UNSUPPORTED",
        "a folder's writer commits to its own storage's repositories alone",
      );
    }
    await this.#turn();
    await this.#writing;
    if (this.#durable) await this.#file.sync();
    await this.#file.close();
    this.#open = false;
    try {
      const path = await repository.place(digest);
      await mkdir(dirname(path), { recursive: true });
      await commitFile(this.#path, path, { durable: this.#durable });
    } catch (error) {
      await rm(this.#path, { force: true });
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#writing.catch(() => {});
    await this.#file.close().catch(() => {});
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /** Hands the full buffer to the disk, once the one before has been written, and goes on with the other. */
  async #turn(): Promise<void> {
    await this.#writing;
    if (this.#filled === 0) return;
    const full = this.#filling;
    const bytes = full.subarray(0, this.#filled);
    const position = this.#written;
    this.#written += bytes.byteLength;
    this.#filling = this.#spare ?? Buffer.allocUnsafe(BUFFER_BYTES);
    this.#filled = 0;
    this.#spare = full.byteLength === BUFFER_BYTES ? full : undefined;
    this.#writing = writeAll(this.#file, bytes, position).then(() => {
      this.readable = position + bytes.byteLength;
    });
    // Awaited by whoever comes next; until then a failure is nobody's.
    this.#writing.catch(() => {});
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}
