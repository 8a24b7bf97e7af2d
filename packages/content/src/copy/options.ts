import type { Descriptor, Platform } from "../descriptor.ts";
import type { OnProgress } from "../progress.ts";
import type { Ranges } from "../ranges.ts";
import type { Scheduler } from "./scheduler.ts";

/** What of the source is copied. */
export interface CopySelection {
  /** Only the image for this platform (or the nearest that runs there): the target's reference names it, not the index. */
  readonly platform?: Platform | string | undefined;
  /** Only these platforms of an index. Goes with `index`, for there is no third way. */
  readonly platforms?: readonly (Platform | string)[] | undefined;
  /**
   * How an index is cut down to `platforms`. `rewrite`: a new index with the entries that were copied; its digest is
   * another, which the result says. `sparse`: the index as it is, with entries that the target does not have; the
   * digest stays, and some registries refuse it.
   */
  readonly index?: "rewrite" | "sparse" | undefined;
  /** Copies non-distributable layers too (image-spec, layer.md). Default false: they stay where they are. */
  readonly foreignLayers?: boolean | undefined;
  /**
   * Takes along what refers to the manifests copied, and what refers to that; all of it, or of these types only. Code
   * `UNSUPPORTED` where the source cannot list it.
   */
  readonly referrers?: boolean | { readonly artifactTypes: readonly string[] } | undefined;
  /**
   * Takes along tags that name a digest, as cosign writes them: `sha256-….sig`, `.att`, `.sbom`. Code `UNSUPPORTED`
   * where the source cannot list its tags. Default false.
   */
  readonly digestTags?: boolean | undefined;
  /** Looks for every blob, also below a manifest that is at the target already. Default false. */
  readonly deep?: boolean | undefined;
}

/** How it is done. */
export interface CopyControl {
  /** Requests and transfers in flight at once. Default as many as pay: 24, of which 3 large, up to 64. */
  readonly concurrency?: number | undefined;
  /** Whether a large blob comes over several connections. Default: the source's choice. */
  readonly ranges?: Ranges | undefined;
  /** The largest manifest that is read, in bytes. Default 4 MiB; a few registries take more. */
  readonly maxManifestBytes?: number | undefined;
  /** A scheduler shared with other copies, in place of one of its own. */
  readonly scheduler?: Scheduler | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is copied, and how. */
export interface CopyOptions extends CopySelection, CopyControl {}

/** What a copy did. */
export interface CopyResult {
  /** What the target's reference names now. */
  readonly descriptor: Descriptor;
  /** The source's index, where the target got a rewritten one. */
  readonly rewritten?: { readonly from: Descriptor } | undefined;
  /** Bytes moved, manifests among them. */
  readonly bytes: number;
  /** Pieces of content moved, manifests among them. */
  readonly copied: number;
  /** Blobs made available from another repository of the same registry. */
  readonly mounted: number;
  /** Pieces of content that were there. What lies below a manifest that was there is not counted. */
  readonly skipped: number;
  /** Every tag that was set or found right, digest tags among them. */
  readonly tags: readonly string[];
}
