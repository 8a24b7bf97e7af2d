import { createHasher, digestAlgorithm, digestOf } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { pushBlob } from "./blob-push.ts";
import { appendBytes, closeUpload } from "./blob-upload.ts";
import type { UploadStrategy } from "./blobs.ts";
import { RegistryError } from "./errors.ts";
import { startUpload, type UploadSession } from "./upload-session.ts";
import { UploadSource } from "./upload-source.ts";

export interface PushStream {
  readonly digest?: Digest | undefined;
  readonly strategy?: UploadStrategy | undefined;
  readonly chunkBytes?: number | undefined;
  readonly onSession?: ((session: UploadSession) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Stores content whose size nobody knows before its end. One chunk is held in memory, so that it can be sent again;
 * what fits into one is sent as any small blob.
 */
export async function pushStream(
  access: Access,
  chunks: AsyncIterable<Uint8Array>,
  options: PushStream = {},
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const { signal } = options;
  const algorithm = options.digest === undefined ? "sha256" : digestAlgorithm(options.digest);
  const hasher = createHasher(algorithm);
  const iterator = chunks[Symbol.asyncIterator]();
  const window = new Window(options.chunkBytes ?? DEFAULT_CHUNK_BYTES);
  let session: UploadSession | undefined;
  try {
    for (;;) {
      const ended = await window.fill(iterator);
      if (session === undefined && ended) {
        const bytes = window.take();
        const digest = options.digest ?? digestOf(bytes, algorithm);
        assertDigest(digest, digestOf(bytes, algorithm));
        await pushBlob(access, { ...options, digest, source: new UploadSource(bytes) });
        return { digest, size: bytes.byteLength };
      }
      if (session === undefined) {
        session = await startUpload(access, signal);
        window.resize(Math.min(Math.max(window.size, session.min), session.max));
        await options.onSession?.(session);
        // The registry may want larger chunks than the one at hand.
        if (window.length < window.size) continue;
      }
      const bytes = window.take();
      hasher.update(bytes);
      await appendBytes(session, bytes, signal);
      await options.onSession?.(session);
      if (ended) break;
    }
    const digest = hasher.digest();
    if (options.digest !== undefined) assertDigest(options.digest, digest);
    await closeUpload(session, digest, signal);
    return { digest, size: session.offset };
  } catch (error) {
    await iterator.return?.().catch(() => undefined);
    await session?.cancel();
    throw error;
  }
}

/** As in a push of known size: what every registry takes. */
const DEFAULT_CHUNK_BYTES = 8 * 1024 * 1024;

/** Collects a stream into pieces of one size. */
class Window {
  size: number;
  #buffer: Uint8Array;
  length = 0;
  /** Of the chunk that did not fit in. */
  #rest: Uint8Array = new Uint8Array();

  constructor(size: number) {
    this.size = size;
    this.#buffer = new Uint8Array(size);
  }

  resize(size: number): void {
    const kept = this.#buffer.subarray(0, this.length);
    const rest = this.#rest;
    this.size = size;
    this.length = 0;
    this.#buffer = new Uint8Array(size);
    this.#rest = new Uint8Array(kept.byteLength + rest.byteLength);
    this.#rest.set(kept);
    this.#rest.set(rest, kept.byteLength);
    this.#refill();
  }

  /** True where the stream has ended, and what is here is the last of it. */
  async fill(iterator: AsyncIterator<Uint8Array>): Promise<boolean> {
    this.#refill();
    while (this.length < this.size) {
      const step = await iterator.next();
      if (step.done === true) return true;
      this.#rest = step.value;
      this.#refill();
    }
    // Kept beyond the next step of the stream, which may use its memory again. A Buffer's slice would be no copy.
    this.#rest = new Uint8Array(this.#rest);
    return false;
  }

  take(): Uint8Array {
    const taken = this.#buffer.subarray(0, this.length);
    this.length = 0;
    return taken;
  }

  #refill(): void {
    const part = this.#rest.subarray(0, this.size - this.length);
    this.#buffer.set(part, this.length);
    this.length += part.byteLength;
    this.#rest = this.#rest.subarray(part.byteLength);
  }
}

function assertDigest(wanted: Digest, actual: Digest): void {
  if (wanted === actual) return;
  throw new RegistryError(
    "DIGEST_MISMATCH",
    `The content to be pushed as ${wanted} has the digest ${actual}; the upload was not closed.`,
  );
}
