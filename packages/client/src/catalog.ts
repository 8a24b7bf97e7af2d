import { accessTo } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import type { Listing } from "./listing.ts";
import { listNames } from "./names-page.ts";
import type { CallOptions, Ref } from "./options.ts";
import { filtered, limited } from "./paging.ts";
import {
  type DeletedRepository,
  type DeleteRepositoryOptions,
  deleteRepository,
} from "./repository-delete.ts";
import { CATALOG_SCOPE } from "./scopes.ts";
import { catalogUrl } from "./urls.ts";
import type { Wire } from "./wire.ts";

export interface ListCatalogOptions extends CallOptions {
  /** Asked for as `n`; the registry may give fewer. Default: the registry's own. */
  readonly pageSize?: number | undefined;
  /** Start after this repository (`last`). */
  readonly after?: string | undefined;
  /** Of an earlier page. */
  readonly cursor?: string | undefined;
  /** Ask behind a full page (of `pageSize`) that has no link: some registries send none. Default false. */
  readonly probe?: boolean | undefined;
  /** Stop after so many repositories. */
  readonly limit?: number | undefined;
}

/**
 * Docker's list of a registry's repositories, and what becomes of one. A registry that refuses the list is `UNSUPPORTED`, `FORBIDDEN` or
 * `UNAUTHENTICATED`, not empty.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * for await (const name of client.catalog.search("localhost:5000", "hello")) console.log(name);
 * ```
 */
export interface Catalog {
  /**
   * Every repository the account may see.
   *
   * @throws RegistryError `UNSUPPORTED` where the registry has no such list (Docker Hub, ghcr.io), `FORBIDDEN` or
   * `UNAUTHENTICATED` where it keeps it to others.
   */
  list(registry: string, options?: ListCatalogOptions): Listing<string>;
  /** Repositories whose name contains the text, letter case aside. */
  search(registry: string, text: string, options?: ListCatalogOptions): Listing<string>;
  /**
   * Deletes a repository with all that is in it. The specification has no way to do so: it is done by the API that the
   * registry has for it, found out by asking (Azure's, Harbor's, Quay's; the embedded one has Azure's), or, only where
   * `by` says so, by deleting every tag and every manifest that can be reached from one. Then manifests that nothing
   * names stay, blobs are left to the registry's garbage collection, and the name may stay in its catalog.
   *
   * @throws RegistryError `UNSUPPORTED` where the registry offers no way; `NOT_FOUND` where there is no such repository;
   * `UNAUTHENTICATED` where its API wants an `apiToken`; {@link RepositoryDeletionError} with what was deleted and what
   * was not, where emptying failed in part: calling again goes on.
   */
  delete(repository: Ref, options?: DeleteRepositoryOptions): Promise<DeletedRepository>;
}

export class RegistryCatalog implements Catalog {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  list(registry: string, options: ListCatalogOptions = {}): Listing<string> {
    return limited(this.#all(registry, options), options.limit);
  }

  search(registry: string, text: string, options: ListCatalogOptions = {}): Listing<string> {
    const wanted = text.toLowerCase();
    return limited(
      filtered(this.#all(registry, options), (name) => name.toLowerCase().includes(wanted)),
      options.limit,
    );
  }

  async delete(repository: Ref, options: DeleteRepositoryOptions = {}): Promise<DeletedRepository> {
    return deleteRepository(accessTo(this.#wire, repository, "pull"), options);
  }

  #all(registry: string, options: ListCatalogOptions): Listing<string> {
    const wire = this.#wire;
    const target = wire.endpoint(registry);
    const request = {
      what: `catalog of ${target.registry}`,
      target,
      method: "GET",
      url: catalogUrl(target),
      scopes: [CATALOG_SCOPE],
      signal: options.signal,
    };
    return explained(
      listNames(wire, request, "repositories", isRepositoryName, options),
      wire,
      target.registry,
    );
  }
}

/** Something that may be put into a URL; a name from a server is no reason to trust it. */
function isRepositoryName(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME_CHARACTERS) return false;
  for (let i = 0; i < name.length; i += 1) {
    const c = name.charCodeAt(i);
    if (c <= 0x20 || (c >= 0x7f && c <= 0xa0)) return false;
  }
  return true;
}

const MAX_NAME_CHARACTERS = 255;

/** A 404 here means that there is no list, not that there are no repositories. Learns what comes of it. */
function explained(listing: Listing<string>, { capabilities }: Wire, registry: string): Listing<string> {
  const pages: Listing<string>["pages"] = async function* () {
    try {
      for await (const page of listing.pages()) {
        capabilities.learn(registry, "catalog", true);
        yield page;
      }
    } catch (error) {
      if (!isRegistryError(error) || (error.code !== "NOT_FOUND" && error.code !== "UNSUPPORTED"))
        throw error;
      capabilities.learn(registry, "catalog", false);
      throw new RegistryError(
        "UNSUPPORTED",
        `${registry} does not list its repositories (${error.status ?? error.code}).`,
        { status: error.status, errors: error.errors, registry, cause: error },
      );
    }
  };
  return {
    pages,
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page.items;
    },
  };
}
