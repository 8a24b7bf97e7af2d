import { expect, test } from "vitest";
import type { Page } from "../src/listing.ts";
import { PagedItems } from "../src/paged-items.ts";

async function* pagesOf(...pages: readonly (readonly string[])[]): AsyncGenerator<Page<string>, void> {
  for (const items of pages) yield { items };
}

test("the items of all pages come in order, and an empty page is no end", async () => {
  const items = new PagedItems(pagesOf(["a", "b"], [], ["c"]));
  expect([await items.next(), await items.next(), await items.next(), await items.next()]).toEqual([
    { done: false, value: "a" },
    { done: false, value: "b" },
    { done: false, value: "c" },
    { done: true, value: undefined },
  ]);
  expect(await items.next()).toEqual({ done: true, value: undefined });
});

test("those who ask at the same time get an item each, in the order they asked", async () => {
  const items = new PagedItems(pagesOf(["a"], ["b", "c"], ["d"]));
  const answers = await Promise.all(Array.from({ length: 6 }, () => items.next()));
  expect(answers.map(({ value }) => value)).toEqual(["a", "b", "c", "d", undefined, undefined]);
});

test("no page is asked for before the items of the one before are taken", async () => {
  let asked = 0;
  const pages = {
    async *[Symbol.asyncIterator](): AsyncGenerator<Page<string>, void> {
      for (;;) {
        asked += 1;
        yield { items: ["x", "y"] };
      }
    },
  };
  const items = new PagedItems(pages);
  expect(asked).toBe(0);
  await items.next();
  await items.next();
  expect(asked).toBe(1);
  await items.next();
  expect(asked).toBe(2);
});

test("who stops early closes the pages, and what was left of one is gone", async () => {
  let closed = false;
  async function* pages(): AsyncGenerator<Page<string>, void> {
    try {
      yield { items: ["a", "b"] };
    } finally {
      closed = true;
    }
  }
  const items = new PagedItems(pages());
  for await (const item of { [Symbol.asyncIterator]: () => items }) {
    expect(item).toBe("a");
    break;
  }
  expect(closed).toBe(true);
  expect(await items.next()).toEqual({ done: true, value: undefined });
});

test("a page that cannot be had is an error once, and then the end", async () => {
  async function* pages(): AsyncGenerator<Page<string>, void> {
    yield { items: ["a"] };
    throw new Error("no page");
  }
  const items = new PagedItems(pages());
  expect(await items.next()).toEqual({ done: false, value: "a" });
  await expect(items.next()).rejects.toThrow("no page");
  expect(await items.next()).toEqual({ done: true, value: undefined });
});
