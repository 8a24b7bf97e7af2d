/** What is refused before it is read or allocated. */
export interface Limits {
  /** Registries should accept manifests up to this size (distribution-spec, "Pushing Manifests"); few accept more. */
  readonly manifestBytes: number;
  /** Image configurations carry the build history; real ones stay below 1 MiB. */
  readonly configBytes: number;
  /** An `index.json` names every image of a layout. */
  readonly indexJsonBytes: number;
  /** No registry stores blobs near it, and sums of sizes stay exact in a double below it. */
  readonly contentBytes: number;
  /** Inline `data` lives inside a manifest, in base64. */
  readonly inlineDataBytes: number;
  /** Levels of JSON. Real documents stay below ten; programs that recurse do not survive 200,000. */
  readonly jsonDepth: number;
  /** Indexes inside indexes, and referrers of referrers. */
  readonly graphDepth: number;
  /** Pieces of content below one reference. */
  readonly graphNodes: number;
}

/** The limits of this package; each is far above what real content needs. */
export const LIMITS: Limits = {
  manifestBytes: 4 * 1024 ** 2,
  configBytes: 8 * 1024 ** 2,
  indexJsonBytes: 16 * 1024 ** 2,
  contentBytes: 1024 ** 5,
  inlineDataBytes: 4 * 1024 ** 2,
  jsonDepth: 256,
  graphDepth: 32,
  graphNodes: 100_000,
};
