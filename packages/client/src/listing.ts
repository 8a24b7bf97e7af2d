/** One page of a listing, as the registry cut it. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it back as `cursor` to go on after this page; opaque; absent on the last page. */
  readonly cursor?: string | undefined;
}

/**
 * A listing: iterate the items, or the pages. Nothing is requested before the iteration begins, and no page before it is
 * needed.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * for await (const { items, cursor } of client.tags.list("localhost:5000/demo", { pageSize: 100 }).pages()) {
 *   console.log(items.length, cursor);
 * }
 * ```
 */
export interface Listing<T> extends AsyncIterable<T> {
  pages(): AsyncIterable<Page<T>>;
}
