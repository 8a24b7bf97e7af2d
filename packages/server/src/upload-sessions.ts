import { createHasher, type DigestAlgorithm, digestAlgorithm, type Hasher } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { RegistryLimits } from "./limits.ts";
import { Refusal } from "./refusal.ts";
import type { BlobWriter, RegistryStorage, RepositoryStorage } from "./storage.ts";

/** An upload this long untouched may make room for a new one when no more may be open. */
const EVICTABLE_IDLE_MS = 60_000;

/** Uploads that have begun and not ended. They are known to this process alone: a restart forgets them. */
export class UploadSessions {
  readonly #storage: RegistryStorage;
  readonly #limits: RegistryLimits;
  /** In the order of their last use, oldest first. */
  readonly #sessions = new Map<string, UploadSession>();
  #sweeper: NodeJS.Timeout | undefined;

  constructor(storage: RegistryStorage, limits: RegistryLimits) {
    this.#storage = storage;
    this.#limits = limits;
  }

  get size(): number {
    return this.#sessions.size;
  }

  async create(repository: string, algorithm: DigestAlgorithm = "sha256"): Promise<UploadSession> {
    await this.#makeRoom();
    const writer = await this.#storage.writer();
    const session = new UploadSession(repository, writer, algorithm, this.#limits.blobBytes);
    this.#sessions.set(session.id, session);
    this.#sweep();
    return session;
  }

  /** 404 `BLOB_UPLOAD_UNKNOWN` where there is none of that id in that repository. */
  get(repository: string, id: string): UploadSession {
    const session = this.#sessions.get(id);
    if (session === undefined || session.repository !== repository) {
      throw new Refusal(
        404,
        "BLOB_UPLOAD_UNKNOWN",
        "there is no such upload: it ended, was cancelled or expired",
      );
    }
    session.touch();
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    return session;
  }

  /** Ends a session and throws away what it holds and has not committed. */
  async end(session: UploadSession): Promise<void> {
    this.#sessions.delete(session.id);
    await session.abort();
  }

  async close(): Promise<void> {
    clearTimeout(this.#sweeper);
    await Promise.all([...this.#sessions.values()].map((session) => this.end(session)));
  }

  async #makeRoom(): Promise<void> {
    if (this.#sessions.size < this.#limits.uploads) return;
    const oldest = [...this.#sessions.values()].find((session) => !session.busy);
    if (oldest === undefined || oldest.idleMs < Math.min(EVICTABLE_IDLE_MS, this.#limits.uploadIdleMs)) {
      throw new Refusal(
        429,
        "TOOMANYREQUESTS",
        `${this.#sessions.size} uploads are open, and no more may be`,
        {
          headers: [["Retry-After", "60"]],
        },
      );
    }
    await this.end(oldest);
  }

  /** One timer for all: it looks again when the oldest can have expired. */
  #sweep(): void {
    if (this.#sweeper !== undefined) return;
    const delay = Math.min(this.#limits.uploadIdleMs, 2 ** 31 - 1);
    this.#sweeper = setTimeout(() => {
      this.#sweeper = undefined;
      const expired = [...this.#sessions.values()].filter(
        (session) => !session.busy && session.idleMs >= this.#limits.uploadIdleMs,
      );
      void Promise.all(expired.map((session) => this.end(session)));
      if (this.#sessions.size > expired.length) this.#sweep();
    }, delay);
    this.#sweeper.unref();
  }
}

/** One blob on its way in. */
export class UploadSession {
  readonly id: string = crypto.randomUUID();
  readonly repository: string;
  readonly #writer: BlobWriter;
  readonly #limitBytes: number;
  #hasher: Hasher;
  #lastUsed = performance.now();
  #interrupt: (() => void) | undefined;
  #idle: Promise<void> = Promise.resolve();
  #broken = false;

  constructor(repository: string, writer: BlobWriter, algorithm: DigestAlgorithm, limitBytes: number) {
    this.repository = repository;
    this.#writer = writer;
    this.#hasher = createHasher(algorithm);
    this.#limitBytes = limitBytes;
  }

  /** Bytes taken so far. */
  get size(): number {
    return this.#writer.size;
  }

  /** Nothing can go on with it any more. */
  get broken(): boolean {
    return this.#broken;
  }

  get busy(): boolean {
    return this.#interrupt !== undefined;
  }

  get idleMs(): number {
    return performance.now() - this.#lastUsed;
  }

  touch(): void {
    this.#lastUsed = performance.now();
  }

  /**
   * Takes the body's bytes. Whoever comes while an earlier request is still at it takes its place: a client that goes
   * on after a broken connection knows of the break before this side does. What came before a body broke off is kept.
   *
   * @param judge - Called when the session is this request's own, before a byte is read.
   */
  async append(body: AsyncIterable<Uint8Array>, judge: () => void = () => {}): Promise<void> {
    await this.#exclusively(async () => {
      judge();
      const chunks = body[Symbol.asyncIterator]();
      for (let next = await this.#race(chunks); next.done !== true; next = await this.#race(chunks)) {
        await this.#take(next.value);
      }
    });
  }

  /** Gives the content its name if it is what the digest says; 400 `DIGEST_INVALID` otherwise. */
  async commit(repository: RepositoryStorage, digest: Digest): Promise<void> {
    await this.#exclusively(async () => {
      const algorithm = digestAlgorithm(digest);
      if (this.#hasher.algorithm !== algorithm) await this.#hashAgain(algorithm);
      const actual = this.#hasher.digest();
      this.#broken = true; // a hasher ends with its digest
      if (actual !== digest) {
        throw new Refusal(400, "DIGEST_INVALID", `the content's digest is ${actual}, not ${digest}`);
      }
      await this.#writer.commit(repository, digest);
    });
  }

  /** Hashes by another algorithm from the start, where nothing has come yet. */
  expect(algorithm: DigestAlgorithm): void {
    if (this.size === 0 && this.#hasher.algorithm !== algorithm) this.#hasher = createHasher(algorithm);
  }

  async abort(): Promise<void> {
    this.#broken = true;
    this.#interrupt?.();
    await this.#idle;
    await this.#writer.abort();
  }

  async #exclusively(task: () => Promise<void>): Promise<void> {
    while (this.#interrupt !== undefined) {
      this.#interrupt();
      await this.#idle;
    }
    if (this.#broken) throw new Refusal(404, "BLOB_UPLOAD_UNKNOWN", "this upload has ended");
    let leave = (): void => {};
    this.#idle = new Promise((resolve) => {
      leave = resolve;
    });
    this.#interrupt = () => {};
    try {
      await task();
    } finally {
      this.#interrupt = undefined;
      this.touch();
      leave();
    }
  }

  /** The next chunk, unless the session is taken over first. */
  #race(chunks: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#interrupt = () =>
        reject(new Refusal(409, "BLOB_UPLOAD_INVALID", "another request goes on with this upload"));
      chunks.next().then(resolve, reject);
    });
  }

  async #take(chunk: Uint8Array): Promise<void> {
    if (this.size + chunk.byteLength > this.#limitBytes) {
      throw new Refusal(413, "SIZE_INVALID", `a blob may have at most ${this.#limitBytes} bytes`);
    }
    this.#hasher.update(chunk);
    try {
      await this.#writer.write(chunk);
    } catch (error) {
      this.#broken = true; // what was hashed and what was written are no longer the same
      throw error;
    }
  }

  async #hashAgain(algorithm: DigestAlgorithm): Promise<void> {
    const hasher = createHasher(algorithm);
    for await (const chunk of this.#writer.read({ start: 0, end: this.size })) hasher.update(chunk);
    this.#hasher = hasher;
  }
}
