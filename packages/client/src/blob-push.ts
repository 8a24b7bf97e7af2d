import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { blobSize } from "./blob-head.ts";
import type { UploadStrategy } from "./blobs.ts";
import { isRegistryError } from "./errors.ts";
import { backoff, isTransient, reasonOf } from "./transience.ts";
import { postWhole, startUpload, type UploadSession } from "./upload-session.ts";
import type { UploadSource } from "./upload-source.ts";

export interface PushBlob {
  readonly digest: Digest;
  readonly source: UploadSource;
  readonly strategy?: UploadStrategy | undefined;
  readonly chunkBytes?: number | undefined;
  /** An upload that has been begun: by a mount that was refused, or by another process. */
  readonly session?: UploadSession | undefined;
  readonly onSession?: ((session: UploadSession) => void | Promise<void>) | undefined;
  /** Told why bytes are sent again, or in another way. */
  readonly onRetry?: ((reason: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How the bytes go: in the closing request, or before it. */
type Way = "monolithic" | "chunked";

/** What to do about a failure. */
export type Remedy =
  /** Nothing helps: the error stands. */
  | "fail"
  /** Nobody knows what has arrived: see whether it is stored, else go on from where the registry is. */
  | "inquire"
  /** The upload is gone: begin another. */
  | "restart"
  /** This way of sending is refused: try the other one, once. */
  | "other-way"
  /** Chunks of this size are refused. */
  | "smaller-chunks";

/** Stores a blob, by whatever way the registry takes it, however often the connection breaks on the way. */
export async function pushBlob(access: Access, push: PushBlob): Promise<void> {
  await new BlobPush(access, push).run();
}

/** What an error within an upload calls for. Pure: it knows the error, and what has been tried. */
export function judgeFailure(
  error: unknown,
  state: {
    readonly way: Way;
    readonly canSwitch: boolean;
    readonly chunkBytes: number;
  },
): Remedy {
  if (isTransient(error)) return "inquire";
  if (!isRegistryError(error)) return "fail";
  const { status } = error;
  // A rate limit has had its retries: the registry takes no more requests, of whatever kind.
  if (error.code === "UNAVAILABLE") return "inquire";
  // BLOB_UPLOAD_UNKNOWN; some send BLOB_UPLOAD_INVALID with a 404.
  if (status === 404) return "restart";
  if (status === 411) return state.canSwitch ? "other-way" : "fail";
  if (status === 413 || status === 416) {
    if (state.way === "monolithic") return state.canSwitch ? "other-way" : "fail";
    if (state.chunkBytes > MIN_CHUNK_BYTES) return "smaller-chunks";
    return state.canSwitch ? "other-way" : "fail";
  }
  if (error.code === "UNSUPPORTED") return state.canSwitch ? "other-way" : "fail";
  return "fail";
}

/** 8 MiB: above every registry's minimum for a part (5 MiB), below every maximum (10 MiB). */
const DEFAULT_CHUNK_BYTES = 8 * 1024 * 1024;

/** Halving ends here. */
const MIN_CHUNK_BYTES = 1024 * 1024;

/** Failures in a row after which the registry has no more than before. */
const MAX_FRUITLESS = 5;

class BlobPush {
  readonly #access: Access;
  readonly #push: PushBlob;
  #session: UploadSession | undefined;
  #way: Way;
  /** Whether the other way may still be tried: once, and only where none was asked for. */
  #canSwitch: boolean;
  #switched = false;
  #chunkBytes: number;
  #fruitless = 0;
  /** The most bytes the registry was known to have. */
  #reached = 0;

  constructor(access: Access, push: PushBlob) {
    const { capabilities } = access.wire;
    const strategy = push.strategy ?? "auto";
    this.#access = access;
    this.#push = push;
    this.#session = push.session;
    const place = access.target.registry;
    const chunked = strategy === "chunked" || capabilities.get(place, "monolithicUpload") === false;
    this.#way = chunked && strategy !== "monolithic" ? "chunked" : "monolithic";
    this.#canSwitch = strategy === "auto";
    this.#chunkBytes = push.chunkBytes ?? DEFAULT_CHUNK_BYTES;
  }

  async run(): Promise<void> {
    try {
      if (await this.#postedWhole()) return;
      let resuming = this.#push.session !== undefined && this.#push.session.offset > 0;
      for (;;) {
        try {
          if (resuming && !(await this.#catchUp())) this.#session = undefined;
          resuming = false;
          await this.#send();
          this.#learn();
          return;
        } catch (error) {
          if (await this.#remedied(error)) return;
          resuming = this.#session !== undefined;
        }
      }
    } catch (error) {
      await this.#session?.cancel();
      throw error;
    }
  }

  /** A single `POST`, where it was asked for, or is known to do. */
  async #postedWhole(): Promise<boolean> {
    const { digest, source, strategy = "auto", signal } = this.#push;
    const known = this.#access.wire.capabilities.get(this.#access.target.registry, "singlePost") === true;
    const small = source.size <= MAX_SINGLE_POST_BYTES;
    if (this.#session !== undefined) return false;
    if (strategy !== "single-post" && !(strategy === "auto" && known && small)) return false;
    try {
      this.#session = await postWhole(this.#access, digest, source.slice(0, source.size), signal);
      return this.#session === undefined;
    } catch (error) {
      signal?.throwIfAborted();
      if (source.failure !== undefined) throw source.failure.error;
      const refused =
        isRegistryError(error) && [400, 404, 405, 411, 413, 415, 501].includes(error.status ?? 0);
      if (!refused && !isTransient(error)) throw error;
      // A plain upload says better than this what is wrong, if anything is.
      return !refused && (await this.#isStored());
    }
  }

  async #send(): Promise<void> {
    const { digest, source, signal } = this.#push;
    if (this.#session === undefined) {
      this.#session = await startUpload(this.#access, signal);
      await this.#push.onSession?.(this.#session);
    }
    const session = this.#session;
    if (this.#way === "monolithic" && session.offset === 0) {
      await session.put(digest, source.slice(0, source.size), signal);
      return;
    }
    while (session.offset < source.size) {
      const chunk = Math.min(Math.max(this.#chunkBytes, session.min), session.max);
      const length = Math.min(chunk, source.size - session.offset);
      await session.patch(source.slice(session.offset, length), length, signal);
      this.#progressed(session.offset);
      await this.#push.onSession?.(session);
    }
    await session.put(digest, new Uint8Array(), signal);
  }

  /** Does what helps; true where the blob turns out to be stored. Rethrows where nothing does. */
  async #remedied(error: unknown): Promise<boolean> {
    const { source, signal } = this.#push;
    signal?.throwIfAborted();
    if (source.failure !== undefined) throw source.failure.error;
    // A registry that does not let an upload begin has not lost one.
    if (this.#session === undefined) throw error;
    const state = { way: this.#way, canSwitch: this.#canSwitch, chunkBytes: this.#chunkBytes };
    const remedy = judgeFailure(error, state);
    if (remedy === "fail") throw error;
    this.#fruitless += 1;
    if (this.#fruitless >= MAX_FRUITLESS) {
      if (!this.#canSwitch || this.#way === "monolithic") throw error;
      this.#switchWay();
    }
    switch (remedy) {
      case "inquire":
        if (await this.#isStored()) return true;
        await backoff(this.#fruitless, signal);
        break;
      case "restart":
        this.#session = undefined;
        await backoff(this.#fruitless, signal);
        break;
      case "other-way":
        this.#switchWay();
        await this.#abandon();
        break;
      case "smaller-chunks":
        this.#chunkBytes = Math.max(MIN_CHUNK_BYTES, Math.floor(Math.min(this.#chunkBytes, source.size) / 2));
        break;
    }
    this.#push.onRetry?.(reasonOf(error));
    return false;
  }

  /** Learns from the registry where the upload stands. False where it is lost, or does not say: then another begins. */
  async #catchUp(): Promise<boolean> {
    const { source, signal } = this.#push;
    if (this.#session === undefined) return false;
    let received: number | undefined;
    try {
      received = await this.#session.status(signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (isRegistryError(error) && error.code === "NOT_FOUND") return false;
      // A question that gets no answer ends it: the transport has asked as often as it makes sense.
      if (!isRegistryError(error)) throw error;
    }
    if (received === undefined || received > source.size) {
      await this.#abandon();
      return false;
    }
    this.#progressed(received);
    return true;
  }

  #progressed(offset: number): void {
    if (offset <= this.#reached) return;
    this.#reached = offset;
    this.#fruitless = 0;
  }

  #switchWay(): void {
    this.#canSwitch = false;
    this.#switched = true;
    this.#fruitless = 0;
    this.#way = this.#way === "monolithic" ? "chunked" : "monolithic";
  }

  async #abandon(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.cancel();
  }

  async #isStored(): Promise<boolean> {
    const { digest, source, signal } = this.#push;
    try {
      return (await blobSize(this.#access, digest, signal)) === source.size;
    } catch (error) {
      signal?.throwIfAborted();
      if (isRegistryError(error)) return false;
      throw error;
    }
  }

  /** What was refused and then went the other way is remembered. */
  #learn(): void {
    if (!this.#switched) return;
    const { capabilities } = this.#access.wire;
    const refused = this.#way === "monolithic" ? "chunkedUpload" : "monolithicUpload";
    capabilities.learn(this.#access.target.registry, refused, false);
  }
}

/** Sent twice where the registry takes no single `POST` after all. */
const MAX_SINGLE_POST_BYTES = 1024 * 1024;
