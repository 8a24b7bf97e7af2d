import type { Ranges } from "@reg/content";

/** Which bytes of a blob are downloaded, and how. */
export interface DownloadOptions {
  /** Bytes of the whole content, where they are known. */
  readonly size?: number | undefined;
  /** The first byte wanted. */
  readonly offset?: number | undefined;
  /** Bytes wanted; default all that follow. */
  readonly length?: number | undefined;
  /** Whether a download of the whole is checked here. Default true. */
  readonly verify?: boolean | undefined;
  /** Whether a large one comes over several connections. Default: as the client has it. */
  readonly ranges?: Ranges | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told how many bytes have come, from `offset` on. A promise it returns is waited for. */
  readonly onBytes?: ((done: number) => void | Promise<void>) | undefined;
  /** Told why the rest is asked for again. */
  readonly onRetry?: ((reason: string) => void) | undefined;
}
