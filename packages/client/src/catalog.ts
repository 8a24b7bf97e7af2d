import type { Listing } from "./listing.ts";
import type { CallOptions } from "./options.ts";

export interface ListCatalogOptions extends CallOptions {
  readonly pageSize?: number | undefined;
  /** Start after this repository (`last`). */
  readonly after?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit?: number | undefined;
}

/** Docker's list of a registry's repositories. A registry that refuses it is `UNSUPPORTED` or `FORBIDDEN`, not empty. */
export interface Catalog {
  list(registry: string, options?: ListCatalogOptions): Listing<string>;
  /** Repositories whose name contains the text, letter case aside. */
  search(registry: string, text: string, options?: ListCatalogOptions): AsyncIterable<string>;
}
