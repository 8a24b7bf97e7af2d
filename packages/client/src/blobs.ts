import type { ByteSink, ByteStream, ContentBody, Descriptor } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { BlobUpload, UploadJournal } from "./blob-upload.ts";
import type { CallOptions, Ref, TransferOptions } from "./options.ts";

export interface GetBlobOptions extends TransferOptions {
  /** Checked too where it is known; refused beyond it. */
  readonly size?: number | undefined;
  /** First byte wanted. Only a whole blob verifies itself. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes wanted from `offset` on. Default: to the end. */
  readonly length?: number | undefined;
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

/** Blobs of any registry; `ref` is `repository@digest` (distribution-spec, "Pulling blobs", "Pushing Blobs"). */
export interface Blobs {
  head(ref: Ref, options?: CallOptions): Promise<Descriptor>;
  /** A stream that resumes where the connection breaks, and verifies itself at its end. */
  get(ref: Ref, options?: GetBlobOptions): Promise<ByteStream>;
  /** The fast path: bytes go from the socket's buffer to the sink; rejects where they do not verify. */
  getInto(ref: Ref, sink: ByteSink, options?: GetBlobIntoOptions): Promise<void>;
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
