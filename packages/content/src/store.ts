import type { Descriptor } from "./descriptor.ts";
import type { Ranges } from "./ranges.ts";

/**
 * Content to be written. A factory, so that it can be sent again and resumed from any byte. The same shape as a
 * transport's request body.
 */
export type ContentBody =
  | Uint8Array
  | {
      /** Bytes in all. */
      readonly size: number;
      open(offset: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
    };

/** Takes bytes as they arrive; a chunk is valid until `write` returns or its promise settles. */
export interface ByteSink {
  write(chunk: Uint8Array): void | Promise<void>;
  /** The file that the bytes go to, where there is one: see {@link SinkFile}. */
  readonly file?: SinkFile | undefined;
}

/**
 * The file that a sink's bytes go to, one after another. Who has other threads may write and hash them there in place
 * of calling `write`, and says so by the functions here. The same shape as a transport's.
 */
export interface SinkFile {
  /** Open for writing in this process; closed by nobody until the bytes are there. */
  readonly fd: number;
  /** Where in the file the first byte goes. */
  readonly position: number;
  /** Bytes that are wanted; no more are written. */
  readonly size: number;
  /** What is to be known of the bytes in the end. */
  readonly algorithm: "sha256" | "sha512";
  /**
   * So many more bytes are in the file; with the digest (`sha256:…`) of all of them, from the position on, as soon as
   * they are complete. Throws to refuse the rest.
   */
  wrote(bytes: number, digest?: string): void;
  /** The bytes could not be written, or more came than are wanted. Gives what is to be thrown. */
  failed(cause: unknown): unknown;
}

/**
 * Bytes as they come, read once. When the whole content was asked for (offset 0), size and digest are checked at the
 * end: a mismatch throws out of the iteration, after the last chunk and before its end.
 */
export interface ByteStream extends AsyncIterable<Uint8Array> {
  /** Bytes from the offset asked for to the end. */
  readonly size: number;
  /** Everything at once; code `SIZE_EXCEEDED` past `limit` bytes. */
  bytes(limit: number): Promise<Uint8Array>;
  /** Gives the stream up. Never throws. */
  discard(): Promise<void>;
}

export interface FetchOptions {
  /** The first byte wanted; only a stream from 0 verifies itself. */
  readonly offset?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False where the sink checks size and digest itself, so that bytes are hashed once. Default true. */
  readonly verify?: boolean | undefined;
  /** Whether large content may come over several connections, where the source opens them. Default: its own choice. */
  readonly ranges?: Ranges | undefined;
  /** Told why the bytes are asked for again, where a connection broke and the rest is fetched over another. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

export interface StoreOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A manifest as it came, and what names it. */
export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Anything content can be read from: a remote repository, a layout, an archive, memory. */
export interface ContentSource {
  /**
   * True where each call is a request over a network: the copy engine then pushes tiny content without asking first
   * whether it is there.
   */
  readonly remote?: boolean | undefined;
  /**
   * True where others can change or remove content, as in a folder: a manifest that is there then says nothing of what
   * lies below it, and a copy asks for each piece.
   */
  readonly changeable?: boolean | undefined;
  /** What budgets of requests are counted by: the host and port of a registry. */
  readonly host?: string | undefined;
  /** The descriptor of what a tag or a digest names; code `NOT_FOUND`. */
  resolve(ref: string, options?: StoreOptions): Promise<Descriptor>;
  /** `resolve` and `fetch` at once, where a source can save a request by it. The bytes are verified. */
  fetchManifest?(ref: string, options?: StoreOptions): Promise<FetchedManifest>;
  fetch(descriptor: Descriptor, options?: FetchOptions): Promise<ByteStream>;
  /** The fast path where a source has one: verified bytes go straight to the sink. Rejects when they do not verify. */
  fetchInto?(descriptor: Descriptor, sink: ByteSink, options?: FetchOptions): Promise<void>;
  exists(descriptor: Descriptor, options?: StoreOptions): Promise<boolean>;
  /** Manifests whose `subject` is this one. */
  referrers?(
    descriptor: Descriptor,
    options?: StoreOptions & { readonly artifactType?: string | undefined },
  ): AsyncIterable<Descriptor>;
  /** Every tag, for copies of whole repositories. */
  tags?(options?: StoreOptions): AsyncIterable<string>;
}

export interface PushOptions extends StoreOptions {
  /** Told how many bytes of the content have been taken so far. */
  readonly onBytes?: ((taken: number) => void) | undefined;
  /** Told why bytes are sent again, where the upload goes on after a failure. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}

/**
 * Content on its way into a store. It hashes what passes and checks size and digest in `commit`; until then nothing
 * has its final name.
 */
export interface ContentWriter extends ByteSink {
  /** Bytes that an earlier, interrupted writer left and this one goes on from. */
  readonly offset: number;
  /** Starts again from the first byte. */
  restart(): Promise<void>;
  /** Rejects with `DIGEST_MISMATCH` or `SIZE_MISMATCH`, leaving nothing behind. */
  commit(): Promise<void>;
  /** Gives up. What is good so far may be kept for the next writer. */
  abort(): Promise<void>;
}

/** Anything content can be written to. */
export interface ContentTarget extends ContentSource {
  /**
   * Stores content under its digest; nothing is stored that does not match. Pushing what is there already does nothing.
   */
  push(descriptor: Descriptor, body: ContentBody, options?: PushOptions): Promise<void>;
  /** The fast path where a target has one: a sink to stream verified content into. */
  writer?(descriptor: Descriptor, options?: StoreOptions): Promise<ContentWriter>;
  /** Gives a name to a manifest that is already there. */
  tag(descriptor: Descriptor, ref: string, options?: StoreOptions): Promise<void>;
  /** `push` and `tag` at once, where a target can save requests by it. `refs` are tags; there is at least one. */
  pushManifest?(
    descriptor: Descriptor,
    bytes: Uint8Array,
    refs: readonly string[],
    options?: StoreOptions,
  ): Promise<void>;
  /** Takes a tag away and leaves the manifest; code `NOT_FOUND`. */
  untag?(ref: string, options?: StoreOptions): Promise<void>;
  /** Removes content by its digest, so that it can be written afresh; code `NOT_FOUND`. */
  delete?(descriptor: Descriptor, options?: StoreOptions): Promise<void>;
  /**
   * Whether `mount` from that store can succeed at all (another repository of the same registry), told without a
   * request. Where it can, the copy engine tries the mount in place of asking whether the blob exists, and after a
   * refused mount pushes at once.
   */
  canMount?(from: ContentSource): boolean;
  /** Makes a blob of another store available here without moving bytes; false where that is not possible. */
  mount?(descriptor: Descriptor, from: ContentSource, options?: StoreOptions): Promise<boolean>;
}
