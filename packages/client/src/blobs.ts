import {
  type ByteSink,
  type ByteStream,
  bytesStream,
  type ContentBody,
  type ContentWriter,
  type Descriptor,
  digestOf,
  MEDIA_TYPES,
  type OnProgress,
  type Ranges,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { accessTo, digestIn } from "./access.ts";
import { deleteBlob } from "./blob-delete.ts";
import { BlobDownload } from "./blob-download.ts";
import { blobSize, hasBlob } from "./blob-head.ts";
import { pushBlob } from "./blob-push.ts";
import { saveBlob } from "./blob-save.ts";
import { pushStream } from "./blob-stream-push.ts";
import { type BlobUpload, journalOf, RegistryUpload, type UploadJournal } from "./blob-upload.ts";
import type { DownloadOptions } from "./download-options.ts";
import { RegistryError } from "./errors.ts";
import type { CallOptions, Ref, TransferOptions } from "./options.ts";
import { repositoryScope } from "./scopes.ts";
import { judgeUpload } from "./upload-answer.ts";
import { postMount, startUpload, UploadSession } from "./upload-session.ts";
import { UploadSource } from "./upload-source.ts";
import type { Wire } from "./wire.ts";

export interface GetBlobOptions extends TransferOptions {
  /** Checked too where it is known; refused beyond it. */
  readonly size?: number | undefined;
  /** First byte wanted. Only a whole blob verifies itself. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes wanted from `offset` on. Default: to the end. */
  readonly length?: number | undefined;
  /** Whether a large one comes over several connections. Default: the client's option. */
  readonly ranges?: Ranges | undefined;
}

export interface SaveBlobOptions extends TransferOptions {
  /** Spares the `HEAD` that asks for it. */
  readonly size?: number | undefined;
  /** Whether a large one comes over several connections. Default: the client's option. */
  readonly ranges?: Ranges | undefined;
}

/** `verify: false` where the sink checks the digest itself. */
export interface GetBlobIntoOptions extends GetBlobOptions {
  readonly verify?: boolean | undefined;
}

/**
 * - `monolithic`: `POST`, then one `PUT` of it all.
 * - `single-post`: one `POST` with the bytes.
 * - `chunked`: `PATCH` by chunks, within the registry's lengths.
 * - `auto`: monolithic, and what the registry's refusals lead to.
 */
export type UploadStrategy = "auto" | "monolithic" | "single-post" | "chunked";

export interface PutBlobOptions extends TransferOptions {
  /** Where it is known; else it is computed while the bytes pass. */
  readonly digest?: Digest | undefined;
  readonly mediaType?: string | undefined;
  readonly strategy?: UploadStrategy | undefined;
  /** Bytes of a chunk, within what the registry asks for. Default 8 MiB. */
  readonly chunkBytes?: number | undefined;
  /** Hears where the upload stands, to go on in another process. A promise it returns is waited for. */
  readonly onJournal?: ((journal: UploadJournal) => void | Promise<void>) | undefined;
  /** Where an earlier process left off. */
  readonly resume?: UploadJournal | undefined;
}

/**
 * Blobs of any registry; `ref` is `repository@digest` (distribution-spec, "Pulling blobs", "Pushing Blobs"). Sizes are
 * bytes.
 *
 * Errors: `DIGEST_MISMATCH` and `SIZE_MISMATCH` where content is not what it should be, here or at the registry; otherwise
 * those of {@link RegistryError} and of the transport. What an upload's source throws comes out as it is.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * const { digest } = await client.blobs.put("localhost:5000/demo", new TextEncoder().encode("hello"));
 * const stream = await client.blobs.get(`localhost:5000/demo@${digest}`);
 * for await (const chunk of stream) console.log(chunk.byteLength);
 * ```
 */
export interface Blobs {
  /** Size by `HEAD`. The media type is not told by a registry and not made up: `application/octet-stream`. */
  head(ref: Ref, options?: CallOptions): Promise<Descriptor>;
  /** A stream that resumes where the connection breaks, and verifies itself at its end. */
  get(ref: Ref, options?: GetBlobOptions): Promise<ByteStream>;
  /** The fast path: bytes go from the socket's buffer to the sink; rejects where they do not verify. */
  getInto(ref: Ref, sink: ByteSink, options?: GetBlobIntoOptions): Promise<void>;
  /**
   * Saves a blob through a writer, such as `fileWriter` of `@reg/layout`: what an earlier one left, in this process or
   * another that died, is not fetched again, and nothing has its final name before it is verified.
   *
   * @example
   * ```ts
   * import { RegistryClient } from "@reg/client";
   * import { fileWriter } from "@reg/layout";
   * declare const client: RegistryClient;
   * declare const ref: string;
   * await client.blobs.save(ref, (descriptor) => fileWriter("/tmp/layer.tar.gz", descriptor));
   * ```
   */
  save(
    ref: Ref,
    open: (descriptor: Descriptor) => ContentWriter | Promise<ContentWriter>,
    options?: SaveBlobOptions,
  ): Promise<Descriptor>;
  exists(ref: Ref, options?: CallOptions): Promise<boolean>;
  /** Stores content; `repository` is a reference without tag and digest. */
  put(
    repository: Ref,
    body: ContentBody | AsyncIterable<Uint8Array>,
    options?: PutBlobOptions,
  ): Promise<Descriptor>;
  /** Makes a blob of another repository of the same registry available; false where that is not possible. */
  mount(ref: Ref, from: Ref, options?: CallOptions): Promise<boolean>;
  delete(ref: Ref, options?: CallOptions): Promise<void>;
  /** An upload by hand: `append`, then `commit`; cancelled when it is disposed of before. */
  upload(repository: Ref, options?: CallOptions): Promise<BlobUpload>;
  /** Takes an upload up again that this or another process began. */
  resumeUpload(journal: UploadJournal, options?: CallOptions): Promise<BlobUpload>;
}

export class RegistryBlobs implements Blobs {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async head(ref: Ref, options: CallOptions = {}): Promise<Descriptor> {
    const access = accessTo(this.#wire, ref, "pull");
    const digest = digestIn(access.target);
    const size = await blobSize(access, digest, options.signal);
    if (size === undefined) {
      throw new RegistryError(
        "PROTOCOL",
        `HEAD blob ${access.target.name}@${digest}: no Content-Length came.`,
      );
    }
    return { mediaType: MEDIA_TYPES.octetStream, digest, size };
  }

  async get(ref: Ref, options: GetBlobOptions = {}): Promise<ByteStream> {
    const access = accessTo(this.#wire, ref, "pull");
    const digest = digestIn(access.target);
    return new BlobDownload(access, digest, { ...options, ...tellers(options, digest) }).stream();
  }

  async getInto(ref: Ref, sink: ByteSink, options: GetBlobIntoOptions = {}): Promise<void> {
    const access = accessTo(this.#wire, ref, "pull");
    const digest = digestIn(access.target);
    await new BlobDownload(access, digest, { ...options, ...tellers(options, digest) }).into(sink);
  }

  async save(
    ref: Ref,
    open: (descriptor: Descriptor) => ContentWriter | Promise<ContentWriter>,
    options: SaveBlobOptions = {},
  ): Promise<Descriptor> {
    const access = accessTo(this.#wire, ref, "pull");
    const digest = digestIn(access.target);
    const { size, ranges, signal } = options;
    const descriptor =
      size === undefined
        ? await this.head(ref, { signal })
        : { mediaType: MEDIA_TYPES.octetStream, digest, size };
    await saveBlob(access, descriptor, open, {
      signal,
      ranges,
      ...tellers({ ...options, size: descriptor.size }, digest),
    });
    return descriptor;
  }

  async exists(ref: Ref, options: CallOptions = {}): Promise<boolean> {
    const access = accessTo(this.#wire, ref, "pull");
    return hasBlob(access, digestIn(access.target), options.signal);
  }

  async put(
    repository: Ref,
    body: ContentBody | AsyncIterable<Uint8Array>,
    options: PutBlobOptions = {},
  ): Promise<Descriptor> {
    const access = accessTo(this.#wire, repository, "pull,push");
    const { signal, strategy, chunkBytes, onJournal, mediaType = MEDIA_TYPES.octetStream } = options;
    const session = options.resume === undefined ? undefined : this.#reopen(options.resume);
    const onSession =
      onJournal === undefined ? undefined : (begun: UploadSession) => onJournal(journalOf(begun));
    const digest = options.digest ?? (body instanceof Uint8Array ? digestOf(body) : undefined);
    if (digest === undefined || !isContentBody(body)) {
      if (digest === undefined && session !== undefined) {
        throw new RegistryError("INVALID", "An upload goes on by its digest: give it.");
      }
      const content = body instanceof Uint8Array ? bytesStream(body) : body;
      const stored = await pushStream(access, content, { digest, strategy, chunkBytes, onSession, signal });
      return { mediaType, ...stored };
    }
    const descriptor: Descriptor = {
      mediaType,
      digest,
      size: body instanceof Uint8Array ? body.byteLength : body.size,
    };
    const worthAsking = descriptor.size > SMALL_BLOB_BYTES && session === undefined;
    if (worthAsking && (await hasBlob(access, digest, signal))) {
      await options.onProgress?.({ type: "skipped", descriptor });
      return descriptor;
    }
    const { onProgress } = options;
    const onBytes = onProgress === undefined ? undefined : progressOf(onProgress, descriptor);
    const source = new UploadSource(body, { verify: digest, onBytes });
    await onProgress?.({ type: "started", descriptor });
    const onRetry = onProgress === undefined ? undefined : retryTeller(onProgress, descriptor);
    await pushBlob(access, { digest, source, strategy, chunkBytes, session, onSession, onRetry, signal });
    await onProgress?.({ type: "done", descriptor });
    return descriptor;
  }

  async mount(ref: Ref, from: Ref, options: CallOptions = {}): Promise<boolean> {
    const access = accessTo(this.#wire, ref, "pull,push");
    const source = this.#wire.target(from);
    const digest = digestIn(access.target);
    if (source.origin !== access.target.origin) return false;
    const scopes = [...access.scopes, repositoryScope(source.repository, "pull")];
    const answer = await postMount({ ...access, scopes }, { digest }, source.repository, options.signal);
    if (answer !== undefined && answer !== "refused") await answer.cancel();
    return answer === undefined;
  }

  async delete(ref: Ref, options: CallOptions = {}): Promise<void> {
    const access = accessTo(this.#wire, ref, "delete");
    await deleteBlob(access, digestIn(access.target), options.signal);
  }

  async upload(repository: Ref, options: CallOptions = {}): Promise<BlobUpload> {
    const access = accessTo(this.#wire, repository, "pull,push");
    return new RegistryUpload(await startUpload(access, options.signal));
  }

  async resumeUpload(journal: UploadJournal, options: CallOptions = {}): Promise<BlobUpload> {
    const session = this.#reopen(journal);
    await session.status(options.signal);
    return new RegistryUpload(session);
  }

  /** The journal's location is judged again: it may have come from anywhere. */
  #reopen({ registry, repository, location, offset }: UploadJournal): UploadSession {
    const access = accessTo(this.#wire, `${registry}/${repository}`, "pull,push");
    const fields = { location, range: undefined, minLength: undefined, maxLength: undefined };
    return new UploadSession(access, judgeUpload(fields, new URL(access.target.origin)), offset);
  }
}

/** Asking first costs a round trip: for so little it is as cheap to send it. */
const SMALL_BLOB_BYTES = 64 * 1024;

function isContentBody(body: ContentBody | AsyncIterable<Uint8Array>): body is ContentBody {
  return body instanceof Uint8Array || "open" in body;
}

/** Progress is told, not waited for: a request that is under way does not pause. */
function progressOf(onProgress: OnProgress, descriptor: Descriptor): (done: number) => void {
  return (done) => void onProgress({ type: "bytes", descriptor, done });
}

function retryTeller(onProgress: OnProgress, descriptor: Descriptor): (reason: string) => void {
  return (reason) => void onProgress({ type: "retried", descriptor, reason });
}

function tellers(
  { onProgress, size = 0 }: GetBlobOptions,
  digest: Digest,
): Pick<DownloadOptions, "onBytes" | "onRetry"> {
  if (onProgress === undefined) return {};
  const descriptor: Descriptor = { mediaType: MEDIA_TYPES.octetStream, digest, size };
  return {
    onBytes: (done) => onProgress({ type: "bytes", descriptor, done }),
    onRetry: retryTeller(onProgress, descriptor),
  };
}
