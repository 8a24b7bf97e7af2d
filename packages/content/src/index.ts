export type { Descriptor, Platform } from "./descriptor.ts";
export type { ContentErrorCode } from "./errors.ts";
export { ContentError, isContentError } from "./errors.ts";
export type { OnProgress, ProgressEvent } from "./progress.ts";
export type * from "./store.ts";
