export type { BlobUpload, UploadJournal } from "./blob-upload.ts";
export type {
  Blobs,
  GetBlobIntoOptions,
  GetBlobOptions,
  PutBlobOptions,
  SaveBlobOptions,
  UploadStrategy,
} from "./blobs.ts";
export type { Capabilities, Capability, CapabilityFact, CapabilitySnapshot } from "./capabilities.ts";
export type { Catalog, ListCatalogOptions } from "./catalog.ts";
export type { CopyDestination, CopySource, Ping } from "./client.ts";
export { RegistryClient } from "./client.ts";
export type { RegistryErrorCode, RegistryErrorEntry, RegistryErrorOptions } from "./errors.ts";
export { isRegistryError, RegistryError } from "./errors.ts";
export type {
  ImageConfig,
  ImageInspection,
  ImageOptions,
  ImagePlatform,
  ImageSize,
  Images,
  InspectOptions,
} from "./images.ts";
export type { Listing, Page } from "./listing.ts";
export type {
  Existence,
  GetManifestOptions,
  Manifest,
  ManifestHead,
  Manifests,
  PutManifestOptions,
  PutManifestResult,
} from "./manifests.ts";
export type {
  CallOptions,
  ClientOptions,
  Limits,
  Ref,
  RegistryWarning,
  TransferOptions,
} from "./options.ts";
export type { ListReferrersOptions, Referrers } from "./referrers.ts";
export type { Repository, RepositoryUse } from "./repository.ts";
export type {
  DeletedRepository,
  DeleteRepositoryOptions,
  RepositoryDeletionProgress,
  RepositoryDeletionWay,
} from "./repository-delete.ts";
export { isRepositoryDeletionError, RepositoryDeletionError } from "./repository-delete.ts";
export type { RequestOptions } from "./request.ts";
export type { DeleteTagOptions, ListTagsOptions, TagDetails, TagDetailsOptions, Tags } from "./tags.ts";
