import { LIMITS } from "@reg/content";

/** What a registry takes at most. */
export interface RegistryLimits {
  /** Bytes of a manifest; larger ones are answered 413. Default, and most: 4 MiB (distribution-spec, "Pushing Manifests"). */
  readonly manifestBytes: number;
  /** Bytes of a blob; larger ones are answered 413. Default 1 TiB. */
  readonly blobBytes: number;
  /** Uploads that may be open at once; the next one is answered 429. Default 1,000. */
  readonly uploads: number;
  /** Milliseconds after which an upload that nobody goes on with is forgotten. Default 1 hour. */
  readonly uploadIdleMs: number;
  /** Entries of a listing's page, whatever is asked for (CVE-2023-2253). Default 1,000. */
  readonly pageEntries: number;
}

export const DEFAULT_LIMITS: RegistryLimits = {
  manifestBytes: LIMITS.manifestBytes,
  blobBytes: 2 ** 40,
  uploads: 1000,
  uploadIdleMs: 60 * 60 * 1000,
  pageEntries: 1000,
};
