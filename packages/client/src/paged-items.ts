import type { Page } from "./listing.ts";

/**
 * The items of pages, one after another. A generator would hand each of them on through several promises: a million
 * tags would be some hundred MiB of garbage.
 */
export class PagedItems<T> implements AsyncIterator<T, undefined> {
  readonly #pages: AsyncIterator<Page<T>>;
  #items: Iterator<T, unknown> = [].values();
  /** While a page is on its way: whoever asks meanwhile waits for the same one. */
  #coming: Promise<boolean> | undefined;

  constructor(pages: AsyncIterable<Page<T>>) {
    this.#pages = pages[Symbol.asyncIterator]();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.next();
    return item.done === true ? this.#behindPage() : Promise.resolve(item);
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#items = [].values();
    await this.#pages.return?.();
    return { done: true, value: undefined };
  }

  async #behindPage(): Promise<IteratorResult<T, undefined>> {
    while (true) {
      this.#coming ??= this.#turn();
      const turned = await this.#coming;
      const item = this.#items.next();
      if (item.done !== true) return item;
      if (!turned) return { done: true, value: undefined };
    }
  }

  /** Whether there was another page. */
  async #turn(): Promise<boolean> {
    try {
      const page = await this.#pages.next();
      if (page.done === true) return false;
      this.#items = page.value.items.values();
      return true;
    } finally {
      this.#coming = undefined;
    }
  }
}
