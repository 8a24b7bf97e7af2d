import { foreignPage } from "./browser-page.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import type { Listing } from "./listing.ts";
import { type FetchedPage, paging } from "./paging.ts";
import { transportCode } from "./transience.ts";
import type { Wire, WireRequest } from "./wire.ts";

export interface NamesOptions {
  readonly pageSize?: number | undefined;
  readonly after?: string | undefined;
  readonly cursor?: string | undefined;
  readonly probe?: boolean | undefined;
}

/**
 * A listing of names: tags, or repositories.
 *
 * No `n` is sent unless it is asked for: the registry knows best what a page is. Where it fails to make the whole list
 * in time, or makes it too large, the first page is asked for again with one; where it refuses a large `n`, with less.
 *
 * @param member - Of the document: `tags`, `repositories`.
 * @param isName - Whether an entry is a name at all; what is none is left out.
 */
export function listNames(
  wire: Wire,
  request: WireRequest,
  member: string,
  isName: (name: string) => boolean,
  options: NamesOptions,
): Listing<string> {
  const fetch = async (url: URL): Promise<FetchedPage<string>> => {
    const limit = { bytes: wire.limits.pageBytes, option: "pageBytes" as const };
    const { response, bytes } = await wire.read({ ...request, url }, limit, 200);
    const items = readNames(bytes, member, request.what);
    return { items, chosen: items.filter(isName), response };
  };
  return paging<string>({
    first: () => firstUrl(request.url, options),
    fetch: async (url) => {
      try {
        return await fetch(url);
      } catch (error) {
        request.signal?.throwIfAborted();
        const smaller = smallerPage(url, error);
        if (smaller === undefined) throw error;
        return fetch(smaller);
      }
    },
    guess: (names, url) => behindLast(names, url, options.probe === true),
    key: (name) => name,
    maxPages: wire.limits.pages,
    cursor: options.cursor,
    what: request.what,
  });
}

/** The names of one page. `null` in their place is an empty list, and so is nothing. */
export function readNames(bytes: Uint8Array, member: string, what: string): readonly string[] {
  const document = parse(bytes, what);
  const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
  // An object's members, whatever they are: what is used of them is looked at.
  const names = isObject ? ((document as Readonly<Record<string, unknown>>)[member] ?? []) : undefined;
  if (!Array.isArray(names)) {
    throw new RegistryError("PROTOCOL", `${what}: the answer has no list of ${member}.`);
  }
  return names.filter((name): name is string => typeof name === "string");
}

/** What a registry is asked for when it cannot do otherwise: the most that each of them takes. */
const SAFE_PAGE_SIZE = 1000;

/** How the same page is to be asked for after this failure; `undefined` where that would not help. */
export function smallerPage(url: URL, error: unknown): URL | undefined {
  const n = Number(url.searchParams.get("n") ?? Number.NaN);
  const code = isRegistryError(error) ? error.code : transportCode(error);
  const status = isRegistryError(error) ? error.status : undefined;
  const tooMuch = Number.isNaN(n)
    ? status === 504 || code === "TIMEOUT" || code === "SIZE_EXCEEDED"
    : n > SAFE_PAGE_SIZE && (status === 400 || status === 405);
  if (!tooMuch) return undefined;
  const smaller = new URL(url.href);
  smaller.searchParams.set("n", String(SAFE_PAGE_SIZE));
  return smaller;
}

/**
 * Where a listing may go on that does not link: behind the last name of a full page. A browser may keep the link from
 * a page, and without `n` nobody knows when one is full: there it is looked for in any case.
 */
function behindLast(names: readonly string[], url: URL, probe: boolean): URL | undefined {
  const last = names.at(-1);
  const n = url.searchParams.get("n");
  const hidden = foreignPage(url) !== undefined;
  const full = n === null ? hidden : String(names.length) === n;
  if (last === undefined || !full || !(probe || hidden)) return undefined;
  const next = new URL(url.href);
  next.searchParams.set("last", last);
  return next;
}

function firstUrl(base: URL, { pageSize, after }: NamesOptions): URL {
  const url = new URL(base.href);
  if (pageSize !== undefined) {
    if (!Number.isSafeInteger(pageSize) || pageSize < 1) {
      throw new RegistryError("INVALID", `pageSize is a whole number from 1 on, not ${String(pageSize)}.`);
    }
    url.searchParams.set("n", String(pageSize));
  }
  if (after !== undefined) url.searchParams.set("last", after);
  return url;
}

function parse(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    throw new RegistryError("PROTOCOL", `${what}: the answer is not JSON.`);
  }
}
