import { ContentError, type Descriptor } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { BlobWriter, ByteRange, RegistryStorage, RepositoryStorage } from "./storage.ts";

/** Enough for tests and small services; a registry that may hold more keeps it in a folder. */
const DEFAULT_MAX_BYTES = 2 * 1024 ** 3;

/** Small writes are gathered in pieces of this size, so that a slow sender does not leave a million little arrays. */
const PIECE_BYTES = 256 * 1024;

/** How much {@link memoryStorage} takes. */
export interface MemoryStorageOptions {
  /** Bytes that may be held in all, content on its way in included. Default 2 GiB. */
  readonly maxBytes?: number | undefined;
}

/**
 * Keeps everything in this process's memory; content that repositories share is held once.
 *
 * A write that would go over `maxBytes` rejects with a `ContentError` of code `SIZE_EXCEEDED`, which the registry
 * answers as 413.
 *
 * @example
 * ```ts
 * import { createRegistry, memoryStorage } from "@reg/server";
 * const registry = createRegistry({ storage: memoryStorage({ maxBytes: 64 * 1024 * 1024 }) });
 * ```
 */
export function memoryStorage(options: MemoryStorageOptions = {}): RegistryStorage {
  const budget: Budget = { held: 0, max: options.maxBytes ?? DEFAULT_MAX_BYTES };
  const shelves = new Map<string, Shelf>();
  return {
    repositories: async () => [...shelves.keys()].sort(),
    repository: (name) => new MemoryRepository(name, shelves),
    writer: async () => new MemoryWriter(budget),
    close: async () => {},
  };
}

interface Budget {
  held: number;
  readonly max: number;
}

/** Content that one or more repositories hold; its bytes count once. */
interface Blob {
  readonly pieces: readonly Uint8Array[];
  readonly size: number;
  readonly budget: Budget;
  holders: number;
}

/** What one repository holds. */
interface Shelf {
  readonly blobs: Map<Digest, Blob>;
  index: readonly Descriptor[];
}

const NOTHING: readonly Descriptor[] = [];

class MemoryRepository implements RepositoryStorage {
  readonly name: string;
  readonly #shelves: Map<string, Shelf>;

  constructor(name: string, shelves: Map<string, Shelf>) {
    this.name = name;
    this.#shelves = shelves;
  }

  async exists(): Promise<boolean> {
    return this.#shelves.has(this.name);
  }

  async stat(digest: Digest): Promise<number | undefined> {
    return this.#find(digest)?.size;
  }

  async *read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    const blob = this.#find(digest);
    if (blob === undefined) throw new ContentError("NOT_FOUND", `no content ${digest} in ${this.name}`);
    yield* slice(blob.pieces, range ?? { start: 0, end: blob.size });
  }

  async remove(digest: Digest): Promise<boolean> {
    const blob = this.#find(digest);
    if (blob === undefined) return false;
    this.#shelves.get(this.name)?.blobs.delete(digest);
    blob.holders--;
    if (blob.holders === 0) blob.budget.held -= blob.size;
    return true;
  }

  async mount(digest: Digest, from: RepositoryStorage): Promise<boolean> {
    if (!(from instanceof MemoryRepository) || from.#shelves !== this.#shelves) return false;
    const blob = from.#find(digest);
    if (blob === undefined) return false;
    this.hold(digest, blob);
    return true;
  }

  async index(): Promise<readonly Descriptor[]> {
    return this.#shelves.get(this.name)?.index ?? NOTHING;
  }

  async updateIndex(change: (entries: readonly Descriptor[]) => readonly Descriptor[]): Promise<void> {
    const shelf = this.#shelf();
    shelf.index = change(shelf.index);
  }

  async clear(): Promise<void> {
    for (const digest of [...(this.#shelves.get(this.name)?.blobs.keys() ?? [])]) await this.remove(digest);
    this.#shelves.delete(this.name);
  }

  hold(digest: Digest, blob: Blob): void {
    const { blobs } = this.#shelf();
    if (!blobs.has(digest)) {
      blobs.set(digest, blob);
      blob.holders++;
    } else if (blob.holders === 0) {
      blob.budget.held -= blob.size; // it was here already: the second copy is let go
    }
  }

  #find(digest: Digest): Blob | undefined {
    return this.#shelves.get(this.name)?.blobs.get(digest);
  }

  #shelf(): Shelf {
    let shelf = this.#shelves.get(this.name);
    if (shelf === undefined) {
      shelf = { blobs: new Map(), index: NOTHING };
      this.#shelves.set(this.name, shelf);
    }
    return shelf;
  }
}

class MemoryWriter implements BlobWriter {
  size = 0;
  readonly #budget: Budget;
  readonly #pieces: Uint8Array[] = [];
  #room: Uint8Array | undefined;
  #filled = 0;
  #open = true;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  get readable(): number {
    return this.size;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#budget.held + chunk.byteLength > this.#budget.max) {
      throw new ContentError(
        "SIZE_EXCEEDED",
        `more than the ${this.#budget.max} bytes this storage may hold`,
      );
    }
    this.#budget.held += chunk.byteLength;
    this.size += chunk.byteLength;
    let rest = chunk;
    while (rest.byteLength > 0) {
      this.#room ??= new Uint8Array(PIECE_BYTES);
      const taken = rest.subarray(0, this.#room.byteLength - this.#filled);
      this.#room.set(taken, this.#filled);
      this.#filled += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
      if (this.#filled === this.#room.byteLength) this.#seal(this.#room);
    }
  }

  async *read(range: ByteRange): AsyncIterable<Uint8Array> {
    const last = this.#room === undefined ? [] : [this.#room.subarray(0, this.#filled)];
    yield* slice([...this.#pieces, ...last], range);
  }

  async commit(repository: RepositoryStorage, digest: Digest): Promise<void> {
    if (!(repository instanceof MemoryRepository)) {
      throw new ContentError(
        "UNSUPPORTED",
        "a memory writer commits to its own storage's repositories alone",
      );
    }
    if (this.#room !== undefined) this.#seal(this.#room.slice(0, this.#filled));
    this.#open = false;
    repository.hold(digest, { pieces: this.#pieces, size: this.size, budget: this.#budget, holders: 0 });
  }

  async abort(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#pieces.length = 0;
    this.#room = undefined;
    this.#budget.held -= this.size;
  }

  #seal(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#room = undefined;
    this.#filled = 0;
  }
}

/** Of pieces laid end to end, the bytes of a range, without copying. */
function* slice(pieces: readonly Uint8Array[], range: ByteRange): Iterable<Uint8Array> {
  let position = 0;
  for (const piece of pieces) {
    const start = Math.max(range.start - position, 0);
    const end = Math.min(range.end - position, piece.byteLength);
    if (start < end) yield piece.subarray(start, end);
    position += piece.byteLength;
    if (position >= range.end) return;
  }
}
