import type { FileHandle } from "node:fs/promises";
import {
  type ByteSink,
  type ByteStream,
  byteStream,
  ContentError,
  type ContentSource,
  createVerifier,
  type Descriptor,
  type FetchedManifest,
  type FetchOptions,
  LIMITS,
  type StoreOptions,
  verifiedStream,
  verifyBytes,
} from "@reg/content";
import { describeManifest } from "./describe-manifest.ts";
import { fileChunks } from "./file-chunks.ts";
import { bare, findTag, tagsOf } from "./layout-refs.ts";
import { listReferrers, type Referrer } from "./list-referrers.ts";

/** Where a blob is: a range of the archive's file, or bytes that stand for a document the archive does not have. */
export type BlobPlace = { readonly offset: number; readonly size: number } | Uint8Array;

/** What an archive has, by whatever format it was found. */
export interface ArchiveContents {
  readonly path: string;
  readonly file: FileHandle;
  /** By digest. */
  readonly blobs: ReadonlyMap<string, BlobPlace>;
  readonly manifests: () => readonly Descriptor[];
  readonly close: () => Promise<void>;
}

/**
 * An archive as a source of content. Everything is verified as it is read.
 *
 * Codes: `NOT_FOUND`, `SIZE_MISMATCH`, `DIGEST_MISMATCH`, `INVALID`, `STORAGE`.
 */
export class ArchiveSource implements ContentSource, AsyncDisposable {
  readonly #contents: ArchiveContents;
  readonly #referrers = new Map<string, Referrer>();

  /** To be had from {@link openOciArchive} and {@link openDockerArchive}. */
  constructor(contents: ArchiveContents) {
    this.#contents = contents;
  }

  async resolve(ref: string, options: StoreOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const { blobs, manifests, path } = this.#contents;
    const entry = manifests().find(({ digest }) => digest === ref);
    if (entry !== undefined) return bare(entry);
    if (!blobs.has(ref)) return findTag(manifests(), ref, path);
    return describeManifest(await this.#read(ref), ref);
  }

  async fetchManifest(ref: string, options: StoreOptions = {}): Promise<FetchedManifest> {
    const descriptor = await this.resolve(ref, options);
    const bytes = await this.#read(descriptor.digest);
    verifyBytes(descriptor, bytes);
    return { descriptor, bytes };
  }

  async fetch(descriptor: Descriptor, options: FetchOptions = {}): Promise<ByteStream> {
    const { offset = 0, signal, verify = true } = options;
    signal?.throwIfAborted();
    createVerifier(descriptor);
    const place = this.#place(descriptor.digest);
    const size = place instanceof Uint8Array ? place.byteLength : place.size;
    if (size !== descriptor.size || offset > size) {
      throw new ContentError(
        "SIZE_MISMATCH",
        `${descriptor.digest} has ${size} bytes in ${this.#contents.path}, not ${Math.max(descriptor.size, offset)}.`,
      );
    }
    const chunks = this.#chunks(place, offset, signal);
    return verify && offset === 0 ? verifiedStream(descriptor, chunks) : byteStream(chunks, size - offset);
  }

  async fetchInto(descriptor: Descriptor, sink: ByteSink, options: FetchOptions = {}): Promise<void> {
    for await (const chunk of await this.fetch(descriptor, options)) {
      const written = sink.write(chunk);
      if (written !== undefined) await written;
    }
  }

  /** Whether the archive has the content; it is verified as it is read. */
  async exists(descriptor: Descriptor, options: StoreOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    const place = this.#contents.blobs.get(descriptor.digest);
    return (
      place !== undefined && (place instanceof Uint8Array ? place.byteLength : place.size) === descriptor.size
    );
  }

  referrers(
    descriptor: Descriptor,
    options: StoreOptions & { readonly artifactType?: string | undefined } = {},
  ): AsyncIterable<Descriptor> {
    const source = {
      manifests: this.#contents.manifests(),
      cache: this.#referrers,
      read: ({ digest }: Descriptor) => this.#read(digest),
    };
    return listReferrers(source, descriptor.digest, options);
  }

  async *tags(options: StoreOptions = {}): AsyncGenerator<string, void, undefined> {
    options.signal?.throwIfAborted();
    yield* tagsOf(this.#contents.manifests());
  }

  /** Closes the file. */
  async close(): Promise<void> {
    await this.#contents.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #place(digest: string): BlobPlace {
    const place = this.#contents.blobs.get(digest);
    if (place === undefined)
      throw new ContentError("NOT_FOUND", `${this.#contents.path} has no content ${digest}.`);
    return place;
  }

  async *#chunks(
    place: BlobPlace,
    offset: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (place instanceof Uint8Array) {
      yield place.subarray(offset);
      return;
    }
    const { file, path } = this.#contents;
    const range = { start: place.offset + offset, end: place.offset + place.size };
    yield* fileChunks(file, path, range, { signal });
  }

  /** A manifest, not yet verified. */
  async #read(digest: string): Promise<Uint8Array> {
    const place = this.#place(digest);
    const size = place instanceof Uint8Array ? place.byteLength : place.size;
    return byteStream(this.#chunks(place, 0, undefined), size).bytes(LIMITS.manifestBytes);
  }
}
