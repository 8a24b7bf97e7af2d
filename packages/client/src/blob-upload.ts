import type { Descriptor } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { CallOptions } from "./options.ts";

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
  readonly digest?: Digest | undefined;
}

/** An upload session (distribution-spec, "Pushing a blob in chunks"). Disposing of it before `commit` cancels it. */
export interface BlobUpload extends AsyncDisposable {
  /** Bytes the registry has taken. */
  readonly offset: number;
  /** The least and most bytes the registry takes at once; the last chunk may be shorter. */
  readonly chunkLengths: { readonly min: number; readonly max: number };
  append(chunk: Uint8Array, options?: CallOptions): Promise<void>;
  /** Asks the registry how many bytes it has. */
  status(options?: CallOptions): Promise<number>;
  /** Closes the upload; `last` is sent with it. The digest is computed from what was appended unless given. */
  commit(digest?: Digest, last?: Uint8Array, options?: CallOptions): Promise<Descriptor>;
  cancel(options?: CallOptions): Promise<void>;
  journal(): UploadJournal;
}
