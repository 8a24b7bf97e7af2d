import { parseNumber } from "./range.ts";
import { Refusal } from "./refusal.ts";

/** A page of a listing, and the path of the next one if there is more. */
export interface Page<Entry> {
  readonly entries: readonly Entry[];
  readonly next?: string | undefined;
}

/**
 * One page of sorted entries (distribution-spec, "Listing Tags"): at most `n`, those after `last`. `n=0` is an empty
 * page with nothing after it; a large `n` is cut to what a page may hold.
 *
 * @param path - The listing's own path, which the next page's begins with.
 */
export function pageOf<Entry>(
  sorted: readonly Entry[],
  keyOf: (entry: Entry) => string,
  options: { readonly path: string; readonly query: URLSearchParams; readonly maxEntries: number },
): Page<Entry> {
  const { query, path, maxEntries } = options;
  const asked = query.get("n");
  const count = asked === null ? maxEntries : parseCount(asked);
  if (count === 0) return { entries: [] };
  const last = query.get("last");
  const rest = last === null || last === "" ? sorted : sorted.slice(firstAfter(sorted, keyOf, last));
  const entries = rest.slice(0, Math.min(count, maxEntries));
  const final = entries.at(-1);
  if (final === undefined || entries.length === rest.length) return { entries };
  const next = new URLSearchParams(query);
  if (asked !== null) next.set("n", String(Math.min(count, maxEntries)));
  next.set("last", keyOf(final));
  return { entries, next: `${path}?${next.toString()}` };
}

/** The `Link` header of a page with another one after it (RFC 8288). */
export function linkHeaders(page: Page<unknown>): [string, string][] {
  return page.next === undefined ? [] : [["Link", `<${page.next}>; rel="next"`]];
}

function parseCount(text: string): number {
  if (/^[0-9]+$/.test(text)) return parseNumber(text) ?? Number.MAX_SAFE_INTEGER;
  throw new Refusal(400, "PAGINATION_NUMBER_INVALID", "n is not a number of entries");
}

/** Where the first entry after a key stands, whether the key itself is there or not. */
function firstAfter<Entry>(sorted: readonly Entry[], keyOf: (entry: Entry) => string, last: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = sorted[middle];
    if (entry !== undefined && keyOf(entry) <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
