import { createManifestReader } from "../copy/manifest-reader.ts";
import { createScheduler } from "../copy/scheduler.ts";
import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { MEDIA_TYPES } from "../media-types.ts";
import type { ParsedImage } from "../parse-manifest.ts";
import { quote } from "../quote.ts";
import type { ContentSource, StoreOptions } from "../store.ts";
import { type JsonObject, mapImages, rawDocument } from "./map-images.ts";
import { createOverlay, type MadeContent } from "./overlay.ts";

/** The two families of image formats that are in use. */
export type ImageFormat = "oci" | "docker";

/** What {@link convertImage} made. */
export interface ConvertedImage extends MadeContent {
  /** What the other format has no place for: `annotations`, and attestations by their digest. */
  readonly dropped: readonly string[];
}

/**
 * Makes an image, or an index of images, of the other format: other manifests over the same blobs. What is in that
 * format already comes back as it is, byte for byte. Nothing is written: copy what comes back.
 *
 * @throws {@link ContentError} `UNSUPPORTED` where Docker's format cannot say what the image is: an artifact, a
 * subject, a zstd layer, a layer that is no file system.
 *
 * @example
 * ```ts
 * import { convertImage, copy, type ContentSource, type ContentTarget } from "@reg/content";
 * async function saveAsDocker(source: ContentSource, target: ContentTarget): Promise<void> {
 *   const made = await convertImage(source, "v1", "docker");
 *   await copy(made.source, made.descriptor.digest, target, "v1");
 * }
 * ```
 */
export async function convertImage(
  source: ContentSource,
  ref: string,
  format: ImageFormat,
  options: StoreOptions = {},
): Promise<ConvertedImage> {
  const reader = createManifestReader(source, { scheduler: createScheduler(), signal: options.signal });
  const overlay = createOverlay(source);
  const { descriptor: root } = await reader.resolve(ref);
  const dropped = new Set<string>();
  const descriptor = await mapImages(overlay, reader, root, {
    attestations: format === "oci",
    onDropped: ({ digest }) => dropped.add(digest),
    image: async (parsed) => {
      const document = convertManifest(parsed, format, dropped);
      return document === undefined
        ? parsed.descriptor
        : overlay.addJson(format === "oci" ? MEDIA_TYPES.ociManifest : MEDIA_TYPES.dockerManifest, document);
    },
    index: (document, mediaType) => convertIndex(document, mediaType, format, dropped),
  });
  return { source: overlay, descriptor, dropped: [...dropped] };
}

const OCI_TYPES: ReadonlyMap<string, string> = new Map([
  [MEDIA_TYPES.dockerConfig, MEDIA_TYPES.ociConfig],
  [MEDIA_TYPES.dockerLayer, MEDIA_TYPES.ociLayer],
  [MEDIA_TYPES.dockerLayerGzip, MEDIA_TYPES.ociLayerGzip],
  [MEDIA_TYPES.dockerLayerZstd, MEDIA_TYPES.ociLayerZstd],
  [MEDIA_TYPES.dockerForeignLayer, MEDIA_TYPES.ociForeignLayer],
  [MEDIA_TYPES.dockerForeignLayerGzip, MEDIA_TYPES.ociForeignLayerGzip],
]);

const DOCKER_TYPES: ReadonlyMap<string, string> = new Map([
  [MEDIA_TYPES.ociConfig, MEDIA_TYPES.dockerConfig],
  [MEDIA_TYPES.ociLayer, MEDIA_TYPES.dockerLayer],
  [MEDIA_TYPES.ociLayerGzip, MEDIA_TYPES.dockerLayerGzip],
  [MEDIA_TYPES.ociForeignLayer, MEDIA_TYPES.dockerForeignLayer],
  [MEDIA_TYPES.ociForeignLayerGzip, MEDIA_TYPES.dockerForeignLayerGzip],
]);

/** `undefined` where the manifest has the format already. */
function convertManifest(
  parsed: ParsedImage,
  format: ImageFormat,
  dropped: Set<string>,
): JsonObject | undefined {
  const isOci = parsed.mediaType === MEDIA_TYPES.ociManifest;
  if (isOci === (format === "oci")) return undefined;
  const { config, layers, subject, artifactType } = parsed.document;
  const document = rawDocument(parsed.bytes);
  if (format === "oci") {
    return {
      ...document,
      mediaType: MEDIA_TYPES.ociManifest,
      config: retyped(config, OCI_TYPES),
      // Types that Docker's plugins and others have of their own pass: an OCI manifest takes any.
      layers: layers.map((layer) => retyped(layer, OCI_TYPES)),
    };
  }
  if (subject !== undefined || artifactType !== undefined) {
    throw new ContentError(
      "UNSUPPORTED",
      `${parsed.descriptor.digest} is an artifact: Docker's format has none.`,
    );
  }
  for (const { mediaType } of [config, ...layers]) {
    if (DOCKER_TYPES.has(mediaType) || [...DOCKER_TYPES.values()].includes(mediaType)) continue;
    throw new ContentError(
      "UNSUPPORTED",
      `Docker's format has no ${quote(mediaType)}: the image stays as it is.`,
    );
  }
  if ([document, config, ...layers].some((part) => part["annotations"] !== undefined))
    dropped.add("annotations");
  return {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.dockerManifest,
    config: bare(retyped(config, DOCKER_TYPES)),
    layers: layers.map((layer) => bare(retyped(layer, DOCKER_TYPES))),
  };
}

function convertIndex(
  document: JsonObject,
  mediaType: string,
  format: ImageFormat,
  dropped: Set<string>,
): JsonObject {
  if ((mediaType === MEDIA_TYPES.ociIndex) === (format === "oci")) return document;
  if (format === "oci") return { ...document, mediaType: MEDIA_TYPES.ociIndex };
  const { annotations, artifactType, subject, ...rest } = document;
  if (artifactType !== undefined || subject !== undefined) {
    throw new ContentError("UNSUPPORTED", "The index is an artifact: Docker's format has none.");
  }
  if (annotations !== undefined) dropped.add("annotations");
  return { ...rest, mediaType: MEDIA_TYPES.dockerManifestList };
}

function retyped(descriptor: Descriptor, types: ReadonlyMap<string, string>): Descriptor {
  return { ...descriptor, mediaType: types.get(descriptor.mediaType) ?? descriptor.mediaType };
}

/** The fields of a descriptor that Docker's format knows. */
function bare({ mediaType, size, digest, urls }: Descriptor): Descriptor {
  return { mediaType, size, digest, ...(urls === undefined ? {} : { urls }) };
}
