/** What a registry was seen to do or refuse. */
export type Capability =
  /** `GET /v2/<name>/referrers/<digest>` */
  | "referrers"
  /** `PATCH` of an upload in chunks */
  | "chunkedUpload"
  /** one `PUT` of a whole blob after the `POST` */
  | "monolithicUpload"
  /** a `POST` that carries the blob */
  | "singlePost"
  /** `PUT` of a manifest with several `tag` parameters */
  | "multiTag"
  /** `DELETE` of a tag */
  | "tagDelete"
  /** `GET /v2/_catalog` */
  | "catalog"
  /** `If-None-Match` on manifests */
  | "conditionalGet"
  /** `If-Match` and `If-None-Match` on a manifest's `PUT` */
  | "conditionalPut";

/** One thing known of one registry. */
export interface CapabilityFact {
  readonly supported: boolean;
  /** When it was learnt, milliseconds since 1970. */
  readonly learntAt: number;
}

/** By origin, then by capability; serialisable. */
export type CapabilitySnapshot = Readonly<
  Record<string, Readonly<Partial<Record<Capability, CapabilityFact>>>>
>;

/** What is known of registries: learnt as requests are made, believed for an hour, never concluded from a failure that may pass. */
export interface Capabilities {
  /** `undefined` where it is not known (any more). */
  get(registry: string, capability: Capability): boolean | undefined;
  /** Overrides what is learnt, for as long as the client lives; `undefined` takes the override back. */
  set(registry: string, capability: Capability, supported: boolean | undefined): void;
  /** Everything known, to be given to another client as `capabilities`. */
  export(): CapabilitySnapshot;
}
