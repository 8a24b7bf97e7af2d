import { createHasher, type Descriptor, digestAlgorithm, type Hasher } from "@reg/content";
import type { Digest } from "@reg/reference";
import { hasBlob } from "./blob-head.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { backoff, isTransient } from "./transience.ts";
import type { UploadSession } from "./upload-session.ts";

/**
 * Where an upload stands: serialisable, for another process to go on. Its location is as good as a key to the upload
 * and is kept like one.
 */
export interface UploadJournal {
  readonly version: 1;
  readonly registry: string;
  readonly repository: string;
  readonly location: string;
  /** Bytes the registry has taken. */
  readonly offset: number;
}

/**
 * An upload session (distribution-spec, "Pushing a blob in chunks"). Disposing of it before `commit` cancels it.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * await using upload = await client.blobs.upload("localhost:5000/demo");
 * await upload.append(new TextEncoder().encode("hello, "));
 * await upload.append(new TextEncoder().encode("world"));
 * const { digest, size } = await upload.commit();
 * console.log(digest, size);
 * ```
 */
export interface BlobUpload extends AsyncDisposable {
  /** Bytes the registry has taken. */
  readonly offset: number;
  /** The least and most bytes the registry takes at once; the last chunk may be shorter. */
  readonly chunkLengths: { readonly min: number; readonly max: number };
  /** Sends the next bytes, larger ones in several chunks. After a broken connection it goes on where the registry is. */
  append(bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** Asks the registry how many bytes it has. */
  status(options?: CallOptions): Promise<number>;
  /**
   * Closes the upload. The digest is computed from what was appended unless it is given; it has to be where the upload
   * was begun by another process.
   */
  commit(digest?: Digest, options?: CallOptions): Promise<Descriptor>;
  /** Gives it up; failures are ignored, for registries forget uploads in time. */
  cancel(): Promise<void>;
  journal(): UploadJournal;
}

export class RegistryUpload implements BlobUpload {
  readonly #session: UploadSession;
  /** Absent where earlier bytes went by unseen. */
  readonly #hasher: Hasher | undefined;
  #closed = false;

  constructor(session: UploadSession) {
    this.#session = session;
    this.#hasher = session.offset === 0 ? createHasher() : undefined;
  }

  get offset(): number {
    return this.#session.offset;
  }

  get chunkLengths(): { readonly min: number; readonly max: number } {
    return { min: this.#session.min, max: this.#session.max };
  }

  async append(bytes: Uint8Array, options: CallOptions = {}): Promise<void> {
    this.#assertOpen();
    await appendBytes(this.#session, bytes, options.signal);
    this.#hasher?.update(bytes);
  }

  async status(options: CallOptions = {}): Promise<number> {
    return (await this.#session.status(options.signal)) ?? this.#session.offset;
  }

  async commit(digest?: Digest, options: CallOptions = {}): Promise<Descriptor> {
    this.#assertOpen();
    const computed = this.#hasher?.digest();
    const name = digest ?? computed;
    if (name === undefined) {
      throw new RegistryError(
        "INVALID",
        "An upload that another process began is closed with its digest: commit(digest).",
      );
    }
    const sameAlgorithm = computed !== undefined && digestAlgorithm(name) === digestAlgorithm(computed);
    if (sameAlgorithm && computed !== name) {
      throw new RegistryError(
        "DIGEST_MISMATCH",
        `What was appended has the digest ${computed}, not ${name}.`,
      );
    }
    await closeUpload(this.#session, name, options.signal);
    this.#closed = true;
    return { mediaType: "application/octet-stream", digest: name, size: this.#session.offset };
  }

  async cancel(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.cancel();
  }

  journal(): UploadJournal {
    return journalOf(this.#session);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  #assertOpen(): void {
    if (this.#closed) throw new RegistryError("INVALID", "The upload is closed.");
  }
}

export function journalOf(session: UploadSession): UploadJournal {
  const { registry, repository } = session.access.target;
  return { version: 1, registry, repository, location: session.location.href, offset: session.offset };
}

/** Sends bytes that are in memory, so that those can be sent again which a broken connection lost. */
export async function appendBytes(
  session: UploadSession,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const start = session.offset;
  const end = start + bytes.byteLength;
  let fruitless = 0;
  let most = session.max;
  while (session.offset < end) {
    const before = session.offset;
    const length = Math.min(end - before, most);
    try {
      await session.patch(bytes.subarray(before - start, before - start + length), length, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUncertain(error)) throw error;
      if (isTooLarge(error) && length > MIN_CHUNK_BYTES) {
        most = Math.max(MIN_CHUNK_BYTES, session.min, Math.floor(length / 2));
      }
      fruitless += 1;
      if (fruitless >= MAX_FRUITLESS) throw error;
      await backoff(fruitless, signal);
      await session.status(signal);
      if (session.offset < start || session.offset > end) {
        throw new RegistryError(
          "PROTOCOL",
          `The registry has ${session.offset} bytes of the upload, where ${start} were there already.`,
          { cause: error },
        );
      }
    }
    if (session.offset > before) fruitless = 0;
  }
}

/** The closing request. Where nobody knows what became of it, the blob tells. */
export async function closeUpload(
  session: UploadSession,
  digest: Digest,
  signal?: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await session.put(digest, new Uint8Array(), signal);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUncertain(error) || isTooLarge(error) || attempt >= MAX_FRUITLESS) throw error;
      if (await hasBlob(session.access, digest, signal)) return;
    }
    await backoff(attempt, signal);
  }
}

const MAX_FRUITLESS = 5;

/** Halving ends here. */
const MIN_CHUNK_BYTES = 1024 * 1024;

function isUncertain(error: unknown): boolean {
  return isTransient(error) || isTooLarge(error) || (isRegistryError(error) && error.code === "UNAVAILABLE");
}

/** 416 is also what some answer to a chunk that is too large for them. */
function isTooLarge(error: unknown): boolean {
  return isRegistryError(error) && (error.status === 413 || error.status === 416);
}
