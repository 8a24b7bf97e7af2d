import type { Descriptor } from "@reg/content";
import type { Listing } from "./listing.ts";
import type { CallOptions, Ref } from "./options.ts";

export interface ListTagsOptions extends CallOptions {
  /** Asked for as `n`; the registry may give fewer. Default: the registry's own. */
  readonly pageSize?: number | undefined;
  /** Start after this tag (`last`). */
  readonly after?: string | undefined;
  /** Of an earlier page. */
  readonly cursor?: string | undefined;
  /** Stop after so many tags. */
  readonly limit?: number | undefined;
  /** A glob (`v1.*`), or an expression. */
  readonly match?: string | RegExp | undefined;
  /** A semver range such as `>=1.2 <2 || 3.x`; tags that are no versions are left out. */
  readonly semver?: string | undefined;
  /** Other than the registry's own, needs them all at once in memory. `created` costs requests for each tag. */
  readonly order?: "registry" | "name" | "semver" | "created" | undefined;
  readonly reverse?: boolean | undefined;
}

export interface TagDetailsOptions extends ListTagsOptions {
  /** Also reads each image's config for the time it was created: two more requests a tag. */
  readonly created?: boolean | undefined;
  /** Requests in flight; default the client's. */
  readonly concurrency?: number | undefined;
}

export interface TagDetails {
  readonly tag: string;
  /** Absent where the tag went away, or could not be read: see `error`. */
  readonly descriptor?: Descriptor | undefined;
  /** RFC 3339, as the image says. */
  readonly created?: string | undefined;
  readonly error?: Error | undefined;
}

export interface DeleteTagOptions extends CallOptions {
  /**
   * Where the registry deletes no tags: push an empty manifest to the tag and delete that by its digest, so that
   * nothing but the tag goes away. Default false.
   */
  readonly emulate?: boolean | undefined;
}

/** Tags of a repository (distribution-spec, "Listing Tags", "Deleting tags"). */
export interface Tags {
  list(repository: Ref, options?: ListTagsOptions): Listing<string>;
  /** Digest, size and media type of each tag, in the listing's order. */
  details(repository: Ref, options?: TagDetailsOptions): AsyncIterable<TagDetails>;
  /** Deletes the tag and never the manifest it names. Code `UNSUPPORTED` where the registry cannot. */
  delete(ref: Ref, options?: DeleteTagOptions): Promise<void>;
}
