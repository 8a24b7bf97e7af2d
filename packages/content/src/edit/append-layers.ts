import { createManifestReader } from "../copy/manifest-reader.ts";
import { createScheduler } from "../copy/scheduler.ts";
import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import { normalisePlatform } from "../platform.ts";
import type { HistoryEntry } from "../schemas.ts";
import type { ContentBody, ContentSource, StoreOptions } from "../store.ts";
import { type ImageLayer, layersOf, loadConfig } from "./image-config.ts";
import { mapImages, rawDocument } from "./map-images.ts";
import { createOverlay, type MadeContent } from "./overlay.ts";

/** A layer that is not stored yet. */
export interface NewLayer extends ImageLayer {
  readonly body: ContentBody;
  /** What the history says of it. Default: nothing but that it is there. */
  readonly history?: HistoryEntry | undefined;
}

/**
 * Puts layers on top of an image, or on top of every image of an index. Nothing is written: copy what comes back.
 *
 * @throws {@link ContentError} `INVALID`, `UNSUPPORTED` where there is no image configuration; whatever the source
 * throws.
 *
 * @example
 * ```ts
 * import { appendLayers, type ContentTarget, copy, digestOf, MEDIA_TYPES, scratchImage } from "@reg/content";
 * async function build(tar: Uint8Array, target: ContentTarget): Promise<void> {
 *   const digest = digestOf(tar);
 *   const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: tar.byteLength };
 *   const base = scratchImage({ os: "linux", architecture: "amd64" });
 *   const made = await appendLayers(base.source, base.descriptor.digest, [{ descriptor, diffId: digest, body: tar }]);
 *   await copy(made.source, made.descriptor.digest, target, "v1");
 * }
 * ```
 */
export async function appendLayers(
  source: ContentSource,
  ref: string,
  layers: readonly NewLayer[],
  options: StoreOptions = {},
): Promise<MadeContent> {
  const { signal } = options;
  const reader = createManifestReader(source, { scheduler: createScheduler(), signal });
  const overlay = createOverlay(source);
  const { descriptor: root } = await reader.resolve(ref);
  for (const { descriptor, body } of layers) overlay.add(descriptor, body);
  const descriptor = await mapImages(overlay, reader, root, {
    image: async (parsed) => {
      const { config, raw } = await loadConfig(source, parsed, signal);
      const before = layersOf(parsed, config);
      const configDescriptor = overlay.addJson(parsed.document.config.mediaType, {
        ...raw,
        rootfs: {
          ...config.rootfs,
          diff_ids: [...before.map(({ diffId }) => diffId), ...layers.map(({ diffId }) => diffId)],
        },
        history: [...(config.history ?? []), ...layers.map(({ history = {} }) => history)],
      });
      return overlay.addJson(parsed.mediaType, {
        ...rawDocument(parsed.bytes),
        config: configDescriptor,
        layers: [
          ...parsed.document.layers,
          ...layers.map((layer) => ({
            ...layer.descriptor,
            mediaType: layerTypeFor(parsed.mediaType, layer.descriptor),
          })),
        ],
      });
    },
  });
  return { source: overlay, descriptor };
}

/** An image without layers, to put layers on. */
export function scratchImage(platform: Platform): MadeContent {
  const source = createOverlay();
  const config = source.addJson(MEDIA_TYPES.ociConfig, {
    ...normalisePlatform(platform),
    config: {},
    rootfs: { type: "layers", diff_ids: [] },
    history: [],
  });
  const descriptor = source.addJson(MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config,
    layers: [],
  });
  return { source, descriptor };
}

/** A Docker manifest takes Docker's layers only: the bytes are the same under both names. */
function layerTypeFor(manifestType: string, { mediaType }: Descriptor): string {
  if (manifestType !== MEDIA_TYPES.dockerManifest) return mediaType;
  switch (mediaType) {
    case MEDIA_TYPES.ociLayer:
      return MEDIA_TYPES.dockerLayer;
    case MEDIA_TYPES.ociLayerGzip:
      return MEDIA_TYPES.dockerLayerGzip;
    case MEDIA_TYPES.ociLayerZstd:
      throw new ContentError("UNSUPPORTED", "A Docker image takes no zstd layers: convert it to oci first.");
    default:
      return mediaType;
  }
}
