export {
  type DiscoverReferrersOptions,
  discoverReferrers,
  type ReferrerTree,
} from "./artifact/discover-referrers.ts";
export {
  type ArtifactFile,
  attachArtifact,
  EMPTY_DESCRIPTOR,
  type PackArtifactOptions,
  packArtifact,
  TITLE_ANNOTATION,
} from "./artifact/pack-artifact.ts";
export {
  type FileTarget,
  type PullArtifactOptions,
  type PulledArtifact,
  pullArtifact,
} from "./artifact/pull-artifact.ts";
export { assertSafeName } from "./artifact/safe-name.ts";
export { byteStream, bytesStream } from "./byte-stream.ts";
export { applyPlan } from "./copy/apply-plan.ts";
export { copy, planCopy, type TargetRefs } from "./copy/copy.ts";
export type { CopyControl, CopyOptions, CopyResult, CopySelection } from "./copy/options.ts";
export { parsePlan } from "./copy/parse-plan.ts";
export type { CopyPlan, PlannedAction, PlannedNode, PlannedTag } from "./copy/plan.ts";
export { createScheduler, type Job, type Scheduler, type SchedulerOptions } from "./copy/scheduler.ts";
export { failedSide, type Side } from "./copy/side.ts";
export { type Descriptor, type Platform, plainDescriptor } from "./descriptor.ts";
export { appendLayers, type NewLayer, scratchImage } from "./edit/append-layers.ts";
export { type BuildIndexOptions, buildIndex, type IndexInput } from "./edit/build-index.ts";
export { type ConvertedImage, convertImage, type ImageFormat } from "./edit/convert-image.ts";
export { type ImageLayer, isImageConfigType, platformOf } from "./edit/image-config.ts";
export { type ImageChanges, mutateImage } from "./edit/mutate-image.ts";
export { createOverlay, type MadeContent, type Overlay } from "./edit/overlay.ts";
export { type BaseImage, type RebaseOptions, rebaseImage } from "./edit/rebase-image.ts";
export type { ContentErrorCode } from "./errors.ts";
export { ContentError, isContentError } from "./errors.ts";
export { createHasher, type DigestAlgorithm, digestAlgorithm, digestOf, type Hasher } from "./hasher.ts";
export { encodeJson, parseJson } from "./json.ts";
export { LIMITS, type Limits } from "./limits.ts";
export {
  essenceOf,
  isForeignLayerType,
  isIndexType,
  isManifestType,
  MEDIA_TYPES,
  type MediaType,
} from "./media-types.ts";
export { type MemoryStore, memoryStore } from "./memory-store.ts";
export {
  artifactTypeOf,
  type ParsedArtifact,
  type ParsedImage,
  type ParsedIndex,
  type ParsedManifest,
  type ParsedSchema1,
  type ParseManifestOptions,
  parseImageConfig,
  parseIndex,
  parseManifest,
  subjectOf,
  successors,
} from "./parse-manifest.ts";
export {
  formatPlatform,
  isAttestation,
  matchesPlatform,
  normalisePlatform,
  parsePlatform,
  selectPlatform,
} from "./platform.ts";
export type { OnProgress, ProgressEvent } from "./progress.ts";
export type { RangeOptions, Ranges } from "./ranges.ts";
export { type RepairReport, repair } from "./repair.ts";
export {
  type ArtifactManifest,
  configSchema,
  descriptorSchema,
  type HistoryEntry,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  indexSchema,
  type Loose,
  manifestSchema,
  platformSchema,
  type RuntimeConfig,
  readAs,
  type Schema,
} from "./schemas.ts";
export type * from "./store.ts";
export {
  type OpenRepository,
  type PlanSyncOptions,
  planSync,
  type SyncPlan,
  type SyncSelection,
  type SyncStep,
} from "./sync/plan-sync.ts";
export {
  type RunSyncOptions,
  runSync,
  runSyncStep,
  type SyncCursor,
  type SyncOutcome,
  type SyncReport,
  type SyncStepOptions,
  syncScheduler,
} from "./sync/run-sync.ts";
export { selectTags } from "./sync/select-tags.ts";
export type { ErrorFacts, SyncFailure } from "./sync/sync-outcome.ts";
export { parseSyncRules, type SyncRule, type SyncRules, type TagSelection } from "./sync/sync-rules.ts";
export { matchesGlob } from "./sync/tag-glob.ts";
export { compareVersions, parseVersion, type Version } from "./sync/version.ts";
export { parseVersionRange, type VersionRange } from "./sync/version-range.ts";
export {
  assertSize,
  createVerifier,
  inlineData,
  type Verifier,
  verifiedStream,
  verifyBytes,
} from "./verifier.ts";
export {
  type ContentFault,
  type ContentFaultKind,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from "./verify.ts";
