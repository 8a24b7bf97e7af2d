/**
 * The media types of image-spec 1.1 and of Docker's image manifest v2, by name.
 *
 * @example
 * ```ts
 * import { MEDIA_TYPES } from "@reg/content";
 * const accept = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.ociIndex].join(", ");
 * ```
 */
export const MEDIA_TYPES = {
  ociDescriptor: "application/vnd.oci.descriptor.v1+json",
  ociLayoutHeader: "application/vnd.oci.layout.header.v1+json",
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  ociForeignLayer: "application/vnd.oci.image.layer.nondistributable.v1.tar",
  ociForeignLayerGzip: "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  ociForeignLayerZstd: "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
  /** The two bytes `{}`, where a manifest has no configuration. */
  ociEmpty: "application/vnd.oci.empty.v1+json",
  /** Withdrawn before image-spec 1.1 was final; some registries still hold some. */
  ociArtifact: "application/vnd.oci.artifact.manifest.v1+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerManifestList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerPluginConfig: "application/vnd.docker.plugin.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  /** In no specification, and yet pushed by some builders. */
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
  dockerForeignLayer: "application/vnd.docker.image.rootfs.foreign.diff.tar",
  dockerForeignLayerGzip: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  dockerSchema1: "application/vnd.docker.distribution.manifest.v1+json",
  dockerSchema1Signed: "application/vnd.docker.distribution.manifest.v1+prettyjws",
  octetStream: "application/octet-stream",
} as const;

/** A media type this package knows by name. */
export type MediaType = (typeof MEDIA_TYPES)[keyof typeof MEDIA_TYPES];

const INDEX_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList]);

const MANIFEST_TYPES: ReadonlySet<string> = new Set([
  ...INDEX_TYPES,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociArtifact,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerSchema1,
  MEDIA_TYPES.dockerSchema1Signed,
]);

const FOREIGN_LAYER_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociForeignLayer,
  MEDIA_TYPES.ociForeignLayerGzip,
  MEDIA_TYPES.ociForeignLayerZstd,
  MEDIA_TYPES.dockerForeignLayer,
  MEDIA_TYPES.dockerForeignLayerGzip,
]);

/** Whether content of this type is kept among the manifests of a registry; everything else is a blob. */
export function isManifestType(mediaType: string): boolean {
  return MANIFEST_TYPES.has(mediaType);
}

/** Whether this is an OCI index or a Docker manifest list. */
export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.has(mediaType);
}

/**
 * Whether a layer of this type is not to be distributed (image-spec, layer.md, "Non-Distributable Layers"). The type
 * decides, not the presence of `urls`.
 */
export function isForeignLayerType(mediaType: string): boolean {
  return FOREIGN_LAYER_TYPES.has(mediaType);
}

/** The type without its parameters, in lower case, as a `Content-Type` field is to be compared (RFC 9110, 8.3.1). */
export function essenceOf(contentType: string): string {
  const end = contentType.indexOf(";");
  return (end < 0 ? contentType : contentType.slice(0, end)).trim().toLowerCase();
}
