import type { Access } from "./access.ts";
import type { RegistryRequest } from "./exchange.ts";
import type { RegistryLimits } from "./limits.ts";
import type { ManifestCatalog } from "./manifest-catalog.ts";
import type { PullThrough } from "./pull-through.ts";
import type { RegistryStorage, RepositoryStorage } from "./storage.ts";
import type { UploadSessions } from "./upload-sessions.ts";

/** What the operations of one registry share. */
export interface RegistryState {
  readonly storage: RegistryStorage;
  readonly limits: RegistryLimits;
  readonly uploads: UploadSessions;
  readonly pullThrough: PullThrough | undefined;
  readonly readOnly: boolean;
  readonly deletes: boolean;
  readonly sparse: boolean;
  catalogOf(repository: RepositoryStorage): ManifestCatalog;
}

/** One request that may be done, and what it is done with. */
export interface Context {
  readonly state: RegistryState;
  readonly request: RegistryRequest;
  may(access: Access): boolean | Promise<boolean>;
}
