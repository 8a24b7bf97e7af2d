import { type ContentBody, createHasher, digestAlgorithm, digestOf, type Hasher } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { pushBlob } from "./blob-push.ts";
import { appendBytes, closeUpload } from "./blob-upload.ts";
import type { UploadStrategy } from "./blobs.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { Spool } from "./spool.ts";
import { StreamWindow } from "./stream-window.ts";
import { startUpload, type UploadSession } from "./upload-session.ts";
import { UploadSource } from "./upload-source.ts";

/** Content that can be read again from its beginning. */
type Reopenable = Exclude<ContentBody, Uint8Array>;

export interface PushStream {
  readonly digest?: Digest | undefined;
  readonly strategy?: UploadStrategy | undefined;
  readonly chunkBytes?: number | undefined;
  readonly onSession?: ((session: UploadSession) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was stored. */
interface Pushed {
  readonly digest: Digest;
  readonly size: number;
}

/**
 * Stores content whose digest nobody knows before its end, and most often its size neither. One chunk is held in
 * memory, so that it can be sent again; what fits into one is sent like every small blob.
 *
 * A registry that takes no chunks wants the digest with the content: then what can be read twice is read once for the
 * digest, and a stream is held in memory, up to `limits.spoolBytes`.
 */
export async function pushStream(
  access: Access,
  content: Reopenable | AsyncIterable<Uint8Array>,
  options: PushStream = {},
): Promise<Pushed> {
  const { signal, strategy = "auto" } = options;
  const { capabilities } = access.wire;
  const place = access.target.registry;
  const chunked =
    strategy === "chunked" || (strategy === "auto" && capabilities.get(place, "chunkedUpload") !== false);
  const chunks = isReopenable(content) ? content.open(0, signal) : content;
  const iterator = chunks[Symbol.asyncIterator]();
  const window = new StreamWindow(options.chunkBytes ?? DEFAULT_CHUNK_BYTES);
  try {
    const pushed = chunked ? await pushChunks(access, window, iterator, options) : new Uint8Array();
    if (!(pushed instanceof Uint8Array)) return pushed;
    if (isReopenable(content)) await iterator.return?.();
    const whole = isReopenable(content)
      ? await readOnce(content, options)
      : await readAll(access, pushed, window, iterator, options);
    await pushBlob(access, { ...options, ...whole, strategy: chunked ? "monolithic" : strategy });
    if (chunked) capabilities.learn(place, "chunkedUpload", false);
    return { digest: whole.digest, size: whole.source.size };
  } catch (error) {
    await iterator.return?.().catch(() => undefined);
    throw error;
  }
}

/** As in a push of known size: what every registry takes. */
const DEFAULT_CHUNK_BYTES = 8 * 1024 * 1024;

/** Sends the stream chunk by chunk; the first chunk comes back where the registry takes none. */
async function pushChunks(
  access: Access,
  window: StreamWindow,
  iterator: AsyncIterator<Uint8Array>,
  options: PushStream,
): Promise<Pushed | Uint8Array> {
  const { signal } = options;
  const hasher = hasherFor(options);
  let session: UploadSession | undefined;
  try {
    for (;;) {
      const ended = await window.fill(iterator);
      if (session === undefined && ended) return await pushSmall(access, window.take(), options);
      if (session === undefined) {
        session = await startUpload(access, signal);
        window.resize(Math.min(Math.max(window.size, session.min), session.max));
        await options.onSession?.(session);
        // The registry may want larger chunks than the one at hand.
        if (window.length < window.size) continue;
      }
      const bytes = window.take();
      try {
        await appendBytes(session, bytes, signal);
      } catch (error) {
        if (options.strategy === "chunked" || session.offset > 0 || !refusesChunks(error)) throw error;
        await session.cancel();
        return bytes;
      }
      hasher.update(bytes);
      await options.onSession?.(session);
      if (ended) break;
    }
    const digest = hasher.digest();
    assertDigest(options.digest, digest);
    await closeUpload(session, digest, signal);
    return { digest, size: session.offset };
  } catch (error) {
    await session?.cancel();
    throw error;
  }
}

async function pushSmall(access: Access, bytes: Uint8Array, options: PushStream): Promise<Pushed> {
  const digest = digestOf(bytes, options.digest === undefined ? "sha256" : digestAlgorithm(options.digest));
  assertDigest(options.digest, digest);
  await pushBlob(access, { ...options, digest, source: new UploadSource(bytes) });
  return { digest, size: bytes.byteLength };
}

/** Whether an answer to the first chunk may mean that this registry takes none: each says so in its own way. */
function refusesChunks(error: unknown): boolean {
  return isRegistryError(error) && [400, 404, 405, 411, 413, 415, 416, 501].includes(error.status ?? 0);
}

interface Whole {
  readonly digest: Digest;
  readonly source: UploadSource;
}

/** Reads content for its digest; it is read again when it is sent, and checked then. */
async function readOnce(content: Reopenable, options: PushStream): Promise<Whole> {
  const hasher = hasherFor(options);
  for await (const chunk of content.open(0, options.signal)) hasher.update(chunk);
  const digest = hasher.digest();
  assertDigest(options.digest, digest);
  return { digest, source: new UploadSource(content, { verify: digest }) };
}

/** Holds what is left of a stream in memory, behind what was taken from it already. */
async function readAll(
  access: Access,
  first: Uint8Array,
  window: StreamWindow,
  iterator: AsyncIterator<Uint8Array>,
  options: PushStream,
): Promise<Whole> {
  const hasher = hasherFor(options);
  const spool = new Spool(access.target.registry, access.wire.limits.spoolBytes);
  const take = (bytes: Uint8Array): void => {
    hasher.update(bytes);
    spool.add(bytes);
  };
  take(first);
  for (let ended = false; !ended; ) {
    options.signal?.throwIfAborted();
    ended = await window.fill(iterator);
    take(window.take());
  }
  const digest = hasher.digest();
  assertDigest(options.digest, digest);
  return { digest, source: new UploadSource(spool.body()) };
}

function isReopenable(content: Reopenable | AsyncIterable<Uint8Array>): content is Reopenable {
  return "open" in content;
}

function hasherFor({ digest }: PushStream): Hasher {
  return createHasher(digest === undefined ? "sha256" : digestAlgorithm(digest));
}

function assertDigest(wanted: Digest | undefined, actual: Digest): void {
  if (wanted === undefined || wanted === actual) return;
  throw new RegistryError(
    "DIGEST_MISMATCH",
    `The content to be pushed as ${wanted} has the digest ${actual}; the upload was not closed.`,
  );
}
