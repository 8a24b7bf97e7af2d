import type { Descriptor } from "@reg/content";
import type { Digest } from "@reg/reference";

/**
 * Where a registry keeps what it is given: for each repository, content by digest and one index of its manifests.
 * That is the shape of an OCI image layout (image-spec, image-layout.md), whatever it is kept in.
 */
export interface RegistryStorage {
  /** The names of all repositories, in order. */
  repositories(): Promise<readonly string[]>;
  /** A view of one repository; nothing is created before something is written. */
  repository(name: string): RepositoryStorage;
  /** Content on its way in. It belongs to no repository until it is committed to one. */
  writer(): Promise<BlobWriter>;
  /** Gives up what is held open; content on its way in is thrown away. */
  close(): Promise<void>;
}

/** One repository's content and index. */
export interface RepositoryStorage {
  readonly name: string;
  exists(): Promise<boolean>;
  /** Size in bytes, or `undefined` where there is no such content. */
  stat(digest: Digest): Promise<number | undefined>;
  /**
   * The bytes from `start` up to, not including, `end`. A chunk is valid until the next one is asked for. Rejects with
   * a `ContentError` of code `NOT_FOUND` where there is no such content.
   */
  read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array>;
  /** Removes content; false where there was none. */
  remove(digest: Digest): Promise<boolean>;
  /** Makes another repository's content this one's too without moving bytes; false where that is not possible. */
  mount(digest: Digest, from: RepositoryStorage): Promise<boolean>;
  /**
   * The entries of `index.json`, tagged ones with the annotation `org.opencontainers.image.ref.name`. The same array
   * as long as nothing has changed.
   */
  index(): Promise<readonly Descriptor[]>;
  /** Replaces the index as one step that no other writer comes between. `change` may be called again. */
  updateIndex(change: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<void>;
  /**
   * Removes the repository with everything in it, so that `exists` is false. Content that other repositories have too
   * stays theirs, and so do repositories whose names begin with this one's. Left out, repositories cannot be deleted.
   */
  clear?(): Promise<void>;
}

/** From `start` up to, not including, `end`, in bytes. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Content on its way in, whose digest and size show only at its end. */
export interface BlobWriter {
  /** Bytes taken so far. */
  readonly size: number;
  /** Bytes that may be read already, while more is written. */
  readonly readable: number;
  /** The chunk is taken, or copied, when the promise settles. One call at a time. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * What has been written, before it is committed. Up to `readable` at any time; past it only while nothing is being
   * written. Code `NOT_FOUND` when it has just been committed.
   */
  read(range: ByteRange): AsyncIterable<Uint8Array>;
  /** Gives the content its name. The caller has checked the digest: nothing is hashed here. */
  commit(repository: RepositoryStorage, digest: Digest): Promise<void>;
  /** Throws the content away. Never rejects. */
  abort(): Promise<void>;
}
