/** One page of a listing, as the registry cut it. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Give it back as `cursor` to go on after this page; opaque; absent on the last page. */
  readonly cursor?: string | undefined;
}

/** A listing: iterate the items, or the pages. Nothing is requested before the iteration begins. */
export interface Listing<T> extends AsyncIterable<T> {
  pages(): AsyncIterable<Page<T>>;
}
