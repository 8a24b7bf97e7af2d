import type { Descriptor } from "@reg/content";
import type { Listing } from "./listing.ts";
import type { CallOptions, Ref } from "./options.ts";

export interface ListReferrersOptions extends CallOptions {
  /** Only those of this type; by the registry where it can, here elsewhere. */
  readonly artifactType?: string | undefined;
  /** Only those that carry all of these. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly cursor?: string | undefined;
}

/** Manifests that point at another one (distribution-spec, "Listing Referrers"). */
export interface Referrers {
  /** By the API, or by the fallback tag where a registry has none. A tag in `ref` is resolved first. */
  list(ref: Ref, options?: ListReferrersOptions): Listing<Descriptor>;
}
