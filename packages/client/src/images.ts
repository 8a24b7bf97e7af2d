import type { Descriptor, Platform } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { CallOptions, Ref } from "./options.ts";

export interface ImageOptions extends CallOptions {
  /** `linux/arm64/v8`, or its parts. Default: `linux/amd64` where an index offers a choice. */
  readonly platform?: string | Platform | undefined;
}

/** What an image's config says (image-spec, config.md); unknown members are kept in `document`. */
export interface ImageConfig {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly document: Readonly<Record<string, unknown>>;
  readonly platform: Platform | undefined;
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly ImageHistoryEntry[];
}

export interface ImageHistoryEntry {
  readonly created?: string | undefined;
  readonly createdBy?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  readonly emptyLayer?: boolean | undefined;
}

/** One platform an image is there for. */
export interface ImagePlatform {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
}

/** Compressed bytes, as they lie in the registry; content that occurs twice is counted once. */
export interface ImageSize {
  readonly bytes: number;
  readonly platforms: readonly { readonly platform: Platform; readonly bytes: number }[];
}

export interface ImageInspection {
  readonly reference: string;
  /** Of what the reference names: the index where there is one. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the chosen image: manifest, config and layers. */
  readonly size: number;
  readonly platform: Platform | undefined;
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly Descriptor[];
  /** Of the index; of the image alone where there is none. */
  readonly platforms: readonly Platform[];
}

/** Images as people think of them: what a reference names on one platform. */
export interface Images {
  /** The manifest of the image for a platform. */
  resolve(ref: Ref, options?: ImageOptions): Promise<Descriptor>;
  config(ref: Ref, options?: ImageOptions): Promise<ImageConfig>;
  platforms(ref: Ref, options?: CallOptions): Promise<readonly ImagePlatform[]>;
  /** Of every platform, or of one where `platform` is given. */
  size(ref: Ref, options?: ImageOptions): Promise<ImageSize>;
  /** Everything at once, in the fewest requests. */
  inspect(ref: Ref, options?: ImageOptions): Promise<ImageInspection>;
}
