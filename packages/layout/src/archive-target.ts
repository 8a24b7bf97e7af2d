import { closeSync, fsync, ftruncateSync, readSync } from "node:fs";
import { open, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import {
  type ContentBody,
  ContentError,
  type ContentTarget,
  type ContentWriter,
  createVerifier,
  type Descriptor,
  digestAlgorithm,
  isManifestType,
  LIMITS,
  type PushOptions,
  type StoreOptions,
  subjectOf,
} from "@reg/content";
import { ArchiveSource, type BlobPlace } from "./archive-source.ts";
import { ChunkCollector } from "./chunk-collector.ts";
import { commitFile, onDisk, storageError, writeAll } from "./disk.ts";
import { blobName, LAYOUT_HEADER } from "./layout-index.ts";
import { withoutTag, withTags } from "./layout-refs.ts";
import { manifestWriter } from "./manifest-writer.ts";
import {
  claimPartialFile,
  discardPartialFile,
  forgetPartialFile,
  type PartialFile,
  partialStem,
} from "./partial-file.ts";
import { pushToWriter } from "./push-to-writer.ts";
import { tarHeader } from "./tar-header.ts";
import { BLOCK_BYTES } from "./tar-index.ts";

/** What tells one archive format from another. */
export interface ArchiveFormat {
  /** Throws `UNSUPPORTED` for content the format cannot hold. */
  accept(descriptor: Descriptor): void;
  /** Whether manifests about other manifests are entered, so that they are found again. */
  readonly referrers: boolean;
  /** The name to enter for a ref; throws `INVALID` for one the format cannot hold. */
  name(ref: string): string;
  /** The documents at the end, by name. */
  finish(archive: FinishedArchive): Promise<readonly { readonly name: string; readonly bytes: Uint8Array }[]>;
}

/** What is in an archive when its last documents are written. */
export interface FinishedArchive {
  readonly manifests: readonly Descriptor[];
  has(digest: string): boolean;
  /** A manifest's bytes, verified. */
  read(descriptor: Descriptor): Promise<Uint8Array>;
}

/** Begins a new archive. Nothing has its name before `close()`. */
export async function createArchive(
  path: string,
  format: ArchiveFormat,
  options: { readonly durable?: boolean | undefined } = {},
): Promise<ArchiveTarget> {
  const target = resolve(path);
  const partial = await claimPartialFile(dirname(target), partialStem(target, "archive"));
  try {
    ftruncateSync(partial.fd, 0);
    const file = await open(partial.path, "r");
    const state: ArchiveState = {
      path: target,
      partial,
      format,
      durable: options.durable ?? true,
      file,
      blobs: new Map(),
      manifests: [],
      closed: false,
    };
    const archive = new ArchiveTarget(state);
    await archive.begin();
    return archive;
  } catch (cause) {
    discardPartialFile(partial);
    throw storageError(path, cause);
  }
}

interface ArchiveState {
  readonly path: string;
  readonly partial: PartialFile;
  readonly format: ArchiveFormat;
  readonly durable: boolean;
  readonly file: Awaited<ReturnType<typeof open>>;
  readonly blobs: Map<string, BlobPlace>;
  manifests: readonly Descriptor[];
  closed: boolean;
}

/** A part of the file that is kept for one blob, whose size is known before its content comes. */
interface Region {
  /** Of the blob; or the name of a folder. */
  readonly digest: string;
  readonly start: number;
  readonly headerBytes: number;
  readonly size: number;
  filled: boolean;
}

/**
 * An archive that is being written. Blobs go straight to their place in the file, several at once. `close()` gives the
 * file its name; disposing of it without that leaves nothing.
 *
 * Codes: `INVALID`, `UNSUPPORTED`, `NOT_FOUND`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `STORAGE`.
 */
export class ArchiveTarget extends ArchiveSource implements ContentTarget {
  readonly #state: ArchiveState;
  readonly #regions: Region[] = [];
  readonly #folders = new Set<string>();
  /** Regions whose writer failed: the next writer of the same content gets them. */
  readonly #free = new Set<Region>();
  #end = 0;
  #writing = 0;

  /** To be had from {@link openOciArchive} and {@link openDockerArchive}. */
  constructor(state: ArchiveState) {
    super({
      path: state.path,
      file: state.file,
      blobs: state.blobs,
      manifests: () => state.manifests,
      close: async () => {},
    });
    this.#state = state;
  }

  /** Writes what comes first: whoever reads the archive as a stream knows at once what it is. */
  async begin(): Promise<void> {
    await this.#append("oci-layout", Buffer.from(JSON.stringify(LAYOUT_HEADER)));
    await this.#folder("blobs/");
  }

  async push(descriptor: Descriptor, body: ContentBody, options: PushOptions = {}): Promise<void> {
    if (await this.exists(descriptor, options)) return;
    await pushToWriter(await this.writer(descriptor, options), body, options);
  }

  async writer(descriptor: Descriptor, options: StoreOptions = {}): Promise<ContentWriter> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    this.#state.format.accept(descriptor);
    createVerifier(descriptor);
    const open = async (): Promise<ContentWriter> =>
      this.#regionWriter(descriptor, await this.#region(descriptor));
    if (!isManifestType(descriptor.mediaType)) return open();
    return manifestWriter(descriptor, open, async (manifest) => {
      if (!this.#state.format.referrers || subjectOf(manifest) === undefined) return;
      this.#state.manifests = withTags(this.#state.manifests, descriptor, []);
    });
  }

  async tag(descriptor: Descriptor, ref: string, options: StoreOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    const { blobs, format, path } = this.#state;
    if (!blobs.has(descriptor.digest)) {
      throw new ContentError(
        "NOT_FOUND",
        `${path} has no manifest ${descriptor.digest} to be called ${ref}.`,
      );
    }
    const refs = ref === descriptor.digest ? [] : [format.name(ref)];
    this.#state.manifests = withTags(this.#state.manifests, descriptor, refs);
  }

  async untag(ref: string, options: StoreOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const { manifests, format, path } = this.#state;
    this.#state.manifests = withoutTag(manifests, format.name(ref), path);
  }

  /**
   * Finishes the archive and gives the file its name. Codes `INVALID` (nothing was tagged, something is missing or
   * still being written), `STORAGE`; nothing is left then.
   */
  override async close(): Promise<void> {
    const { partial, path, manifests, format, durable, file, closed } = this.#state;
    if (closed) return;
    try {
      if (this.#writing > 0)
        throw new ContentError("INVALID", `${path} is closed while content is being written.`);
      if (manifests.length === 0)
        throw new ContentError("INVALID", `No image was put into ${path}: nothing is written.`);
      this.#compact();
      const documents = await format.finish({
        manifests,
        has: (digest) => this.#state.blobs.has(digest),
        read: async (descriptor) => (await this.fetch(descriptor)).bytes(LIMITS.manifestBytes),
      });
      for (const { name, bytes } of documents) await this.#append(name, bytes);
      await onDisk(path, async () => {
        writeAll(partial.fd, Buffer.alloc(2 * BLOCK_BYTES), this.#end);
        if (durable) await fsyncAsync(partial.fd);
      });
    } catch (error) {
      await this[Symbol.asyncDispose]();
      throw error;
    }
    this.#state.closed = true;
    await file.close();
    closeSync(partial.fd);
    try {
      await commitFile(partial.path, path, { durable });
    } catch (error) {
      await rm(partial.path, { force: true });
      throw error;
    } finally {
      forgetPartialFile(partial);
    }
  }

  /** Gives the archive up, unless it was closed. */
  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state.closed) return;
    this.#state.closed = true;
    await this.#state.file.close();
    discardPartialFile(this.#state.partial);
  }

  async #region(descriptor: Descriptor): Promise<Region> {
    const { digest, size } = descriptor;
    for (const region of this.#free) {
      if (region.digest !== digest) continue;
      this.#free.delete(region);
      return region;
    }
    await this.#folder(`blobs/${digestAlgorithm(digest)}/`);
    const header = await tarHeader({ name: blobName(digest), size });
    const region: Region = { digest, start: this.#end, headerBytes: header.byteLength, size, filled: false };
    this.#end += regionBytes(region);
    this.#regions.push(region);
    this.#write(header, region.start);
    return region;
  }

  #regionWriter(descriptor: Descriptor, region: Region): ContentWriter {
    let verifier = createVerifier(descriptor);
    const content = region.start + region.headerBytes;
    const collector = new ChunkCollector((bytes, position) => {
      verifier.write(bytes);
      this.#write(bytes, content + position);
    });
    let open = true;
    const end = (): void => {
      if (!open) return;
      open = false;
      collector.release();
      this.#writing -= 1;
      if (!region.filled) this.#free.add(region);
    };
    this.#writing += 1;
    return {
      offset: 0,
      write(chunk) {
        if (collector.position + chunk.byteLength > descriptor.size) {
          throw new ContentError(
            "SIZE_MISMATCH",
            `${descriptor.digest} has more than the ${descriptor.size} bytes announced.`,
          );
        }
        collector.write(chunk);
      },
      async restart() {
        verifier = createVerifier(descriptor);
        collector.reset(0);
      },
      commit: async () => {
        try {
          collector.flush();
          verifier.end();
          // Whoever was faster with the same content has the place; this one's is given up.
          if (!this.#state.blobs.has(descriptor.digest)) {
            region.filled = true;
            this.#state.blobs.set(descriptor.digest, { offset: content, size: descriptor.size });
          }
        } finally {
          end();
        }
      },
      async abort() {
        end();
      },
    };
  }

  /** Moves what comes behind a region that was never filled down over it. Rare: it takes a writer that failed for good. */
  #compact(): void {
    let end: number | undefined;
    const buffer = Buffer.allocUnsafe(this.#free.size > 0 ? COPY_BYTES : 0);
    for (const region of [...this.#regions]) {
      if (!region.filled) {
        end ??= region.start;
        continue;
      }
      if (end === undefined) continue;
      const length = regionBytes(region);
      for (let done = 0; done < length; ) {
        const read = readSync(
          this.#state.partial.fd,
          buffer,
          0,
          Math.min(buffer.byteLength, length - done),
          region.start + done,
        );
        // Padding at the very end of the file may not have been written.
        const bytes =
          read === 0 ? buffer.fill(0, 0, length - done).subarray(0, length - done) : buffer.subarray(0, read);
        this.#write(bytes, end + done);
        done += bytes.byteLength;
      }
      if (!this.#folders.has(region.digest)) {
        this.#state.blobs.set(region.digest, { offset: end + region.headerBytes, size: region.size });
      }
      end += length;
    }
    if (end === undefined) return;
    ftruncateSync(this.#state.partial.fd, end);
    this.#end = end;
  }

  async #folder(name: string): Promise<void> {
    if (this.#folders.has(name)) return;
    this.#folders.add(name);
    const header = await tarHeader({ name, type: "directory", mode: 0o755 });
    this.#regions.push({
      digest: name,
      start: this.#end,
      headerBytes: header.byteLength,
      size: 0,
      filled: true,
    });
    this.#write(header, this.#end);
    this.#end += header.byteLength;
  }

  async #append(name: string, bytes: Uint8Array): Promise<void> {
    const header = await tarHeader({ name, size: bytes.byteLength });
    const padding = Buffer.alloc(padded(bytes.byteLength) - bytes.byteLength);
    const whole = Buffer.concat([header, bytes, padding]);
    this.#write(whole, this.#end);
    this.#end += whole.byteLength;
  }

  #write(bytes: Uint8Array, position: number): void {
    this.#assertOpen();
    try {
      writeAll(this.#state.partial.fd, bytes, position);
    } catch (cause) {
      throw storageError(this.#state.path, cause);
    }
  }

  #assertOpen(): void {
    if (this.#state.closed) throw new ContentError("INVALID", `${this.#state.path} has been closed.`);
  }
}

const fsyncAsync = promisify(fsync);

const COPY_BYTES = 1024 * 1024;

function regionBytes(region: Region): number {
  return region.headerBytes + padded(region.size);
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}
