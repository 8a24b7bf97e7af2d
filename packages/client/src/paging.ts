import type { TransportResponse } from "@reg/transport";
import { RegistryError } from "./errors.ts";
import { nextLink } from "./link-header.ts";
import type { Listing, Page } from "./listing.ts";
import { PagedItems } from "./paged-items.ts";
import { resolveNextPage } from "./urls.ts";

/** One page as it was fetched. */
export interface FetchedPage<T> {
  readonly items: readonly T[];
  /** Those of them that are given, where not all are. */
  readonly chosen?: readonly T[] | undefined;
  readonly response: TransportResponse;
}

export interface PagingOptions<T> {
  /** The URL of the first page. */
  readonly first: () => URL | Promise<URL>;
  readonly fetch: (url: URL) => Promise<FetchedPage<T>>;
  /** Where the next page may be, where no link tells. */
  readonly guess?: ((items: readonly T[], url: URL) => URL | undefined) | undefined;
  /** How an item is told from others, to see a page that comes again. */
  readonly key: (item: T) => string;
  readonly maxPages: number;
  /** Where an earlier listing stopped. */
  readonly cursor?: string | undefined;
  /** Stop after so many items. */
  readonly limit?: number | undefined;
  /** For messages. */
  readonly what: string;
}

/**
 * Follows `Link` from page to page. A link that was followed already, or a page that came already, ends the listing:
 * some registries link their last page to itself, or to the first one.
 *
 * Memory does not grow with the number of items: of each page one short key is kept.
 */
export function paging<T>(options: PagingOptions<T>): Listing<T> {
  const pages = (): AsyncIterable<Page<T>> => ({ [Symbol.asyncIterator]: () => generate(options) });
  return { pages, [Symbol.asyncIterator]: () => new PagedItems(pages()) };
}

/** A listing seen through a filter. Pages keep their cursors, and may become empty. */
export function filtered<T>(listing: Listing<T>, keep: (item: T) => boolean): Listing<T> {
  async function* filterPages(): AsyncGenerator<Page<T>, void, undefined> {
    for await (const page of listing.pages()) yield { ...page, items: page.items.filter(keep) };
  }
  return {
    pages: () => ({ [Symbol.asyncIterator]: filterPages }),
    [Symbol.asyncIterator]: () => new PagedItems({ [Symbol.asyncIterator]: filterPages }),
  };
}

/** A listing that is one page. */
export function onePage<T>(fetch: () => Promise<readonly T[]>): Listing<T> {
  async function* single(): AsyncGenerator<Page<T>, void, undefined> {
    yield { items: await fetch() };
  }
  return {
    pages: () => ({ [Symbol.asyncIterator]: single }),
    [Symbol.asyncIterator]: () => new PagedItems({ [Symbol.asyncIterator]: single }),
  };
}

/** At most so many items of a listing. */
export function limited<T>(listing: Listing<T>, limit: number | undefined): Listing<T> {
  if (limit === undefined) return listing;
  async function* limitPages(wanted: number): AsyncGenerator<Page<T>, void, undefined> {
    let left = wanted;
    if (left <= 0) return;
    for await (const page of listing.pages()) {
      if (page.items.length >= left) {
        yield { items: page.items.slice(0, left) };
        return;
      }
      left -= page.items.length;
      yield page;
    }
  }
  return {
    pages: () => ({ [Symbol.asyncIterator]: () => limitPages(limit) }),
    [Symbol.asyncIterator]: () => new PagedItems({ [Symbol.asyncIterator]: () => limitPages(limit) }),
  };
}

async function* generate<T>(options: PagingOptions<T>): AsyncGenerator<Page<T>, void, undefined> {
  const urls = new Set<string>();
  const prints = new Set<string>();
  let url: URL | undefined = await options.first();
  if (options.cursor !== undefined) {
    url = new URL(url.href);
    url.search = options.cursor;
  }
  while (url !== undefined) {
    if (urls.size >= options.maxPages) {
      throw new RegistryError(
        "SIZE_EXCEEDED",
        `${options.what}: the listing has more than ${options.maxPages} pages (option limits.pages).`,
      );
    }
    urls.add(url.search);
    const { items, chosen = items, response }: FetchedPage<T> = await options.fetch(url);
    const print = fingerprint(items, options.key);
    if (prints.has(print)) return;
    prints.add(print);
    const next: URL | undefined = nextPage(response, url, urls) ?? options.guess?.(items, url);
    yield next === undefined ? { items: chosen } : { items: chosen, cursor: next.search };
    url = next;
  }
}

function nextPage(response: TransportResponse, request: URL, seen: ReadonlySet<string>): URL | undefined {
  const link = nextLink(response.headers.all("link"));
  if (link === undefined) return undefined;
  const next = resolveNextPage(link, request);
  return seen.has(next.search) ? undefined : next;
}

function fingerprint<T>(items: readonly T[], key: (item: T) => string): string {
  const first = items[0];
  const last = items.at(-1);
  return `${items.length}/${first === undefined ? "" : key(first)}/${last === undefined ? "" : key(last)}`;
}
