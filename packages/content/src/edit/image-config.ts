import type { Digest } from "@reg/reference";
import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { type ParsedImage, parseImageConfig } from "../parse-manifest.ts";
import { normalisePlatform } from "../platform.ts";
import type { ImageConfig } from "../schemas.ts";
import type { ContentSource } from "../store.ts";
import { inlineData, verifyBytes } from "../verifier.ts";
import { type JsonObject, rawDocument } from "./map-images.ts";

/** The configuration of an image, both as it reads and as it was written. */
export interface LoadedConfig {
  readonly config: ImageConfig;
  readonly raw: JsonObject;
}

/** Whether this is the type of an image's configuration, and not of some artifact's. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.ociConfig || mediaType === MEDIA_TYPES.dockerConfig;
}

/** Reads the configuration of an image; `UNSUPPORTED` where the manifest is an artifact's and has another kind. */
export async function loadConfig(
  source: ContentSource,
  { document, descriptor }: ParsedImage,
  signal?: AbortSignal,
): Promise<LoadedConfig> {
  const { config } = document;
  if (!isImageConfigType(config.mediaType)) {
    throw new ContentError("UNSUPPORTED", `${descriptor.digest} is no image: it has no image configuration.`);
  }
  const bytes =
    inlineData(config) ?? (await (await source.fetch(config, { signal })).bytes(LIMITS.configBytes));
  verifyBytes(config, bytes);
  return { config: parseImageConfig(bytes), raw: rawDocument(bytes) };
}

/** The platform an image configuration names. */
export function platformOf({ os, architecture, variant, ...rest }: ImageConfig): Platform {
  return normalisePlatform({
    os,
    architecture,
    variant,
    "os.version": rest["os.version"],
    "os.features": rest["os.features"],
  });
}

/** A layer and what the configuration has to say of it. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** The layers of an image with their diff ids; `INVALID` where there is not one for each (image-spec, config.md). */
export function layersOf(
  { document, descriptor }: ParsedImage,
  { rootfs }: ImageConfig,
): readonly ImageLayer[] {
  if (rootfs.diff_ids.length !== document.layers.length) {
    throw new ContentError(
      "INVALID",
      `${descriptor.digest} has ${document.layers.length} layers, but its configuration names ${rootfs.diff_ids.length}.`,
    );
  }
  return document.layers.flatMap((layer, i) => {
    const diffId = rootfs.diff_ids[i];
    return diffId === undefined ? [] : [{ descriptor: layer, diffId }];
  });
}
