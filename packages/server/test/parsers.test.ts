import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asDigest, isName, isTag } from "../src/names.ts";
import { pageOf } from "../src/paging.ts";
import { parseContentRange, parseRange } from "../src/range.ts";
import { Refusal } from "../src/refusal.ts";
import { parseRoute } from "../src/route.ts";

describe("ranges", () => {
  test("any range that is satisfied lies within the content", () => {
    const part = fc.oneof(fc.nat(1000).map(String), fc.constantFrom("", "-1", "x", "99999999999999999999"));
    fc.assert(
      fc.property(part, part, fc.nat(500), (first, last, size) => {
        const range = parseRange(`bytes=${first}-${last}`, size);
        if (range === undefined || range === "unsatisfiable") return;
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.start).toBeLessThan(range.end);
        expect(range.end).toBeLessThanOrEqual(size);
      }),
    );
  });

  test("anything at all is read without a fault", () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (text, size) => {
        parseRange(text, size);
        parseRange(`bytes=${text}`, size);
        parseContentRange(text);
      }),
    );
  });

  test("a chunk's range is inclusive, in the specification's form and in HTTP's", () => {
    for (const text of ["5-9", "bytes 5-9/100", "bytes=5-9", "bytes 5-9/*"]) {
      expect(parseContentRange(text)).toEqual({ start: 5, end: 10 });
    }
    for (const text of ["9-5", "-5", "5-", "5", "a-b", "5-9-10", "0x5-9"])
      expect(parseContentRange(text)).toBeUndefined();
  });
});

describe("paths", () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,5}([._-][a-z0-9]{1,3})?$/);
  const name = fc.oneof(
    fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/")),
    fc.constantFrom(
      "tags/list",
      "blobs/uploads",
      "a/manifests/b",
      "blobs",
      "uploads/x",
      "_catalog/x".slice(1),
    ),
  );

  test("a repository may be called like a part of the API", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    fc.assert(
      fc.property(name, (repository) => {
        expect(parseRoute(`/v2/${repository}/manifests/1`)).toEqual({
          kind: "manifest",
          name: repository,
          reference: "1",
        });
        expect(parseRoute(`/v2/${repository}/blobs/${digest}`)).toEqual({
          kind: "blob",
          name: repository,
          digest,
        });
        expect(parseRoute(`/v2/${repository}/blobs/uploads/`)).toEqual({ kind: "uploads", name: repository });
        expect(parseRoute(`/v2/${repository}/blobs/uploads/id`)).toEqual({
          kind: "upload",
          name: repository,
          id: "id",
        });
        expect(parseRoute(`/v2/${repository}/tags/list`)).toEqual({ kind: "tags", name: repository });
        expect(parseRoute(`/v2/${repository}/referrers/${digest}`)).toEqual({
          kind: "referrers",
          name: repository,
          digest,
        });
      }),
    );
  });

  test("whatever is asked for, no name leaves its folder", () => {
    const piece = fc.constantFrom(
      "..",
      ".",
      "",
      "%2e%2e",
      "%2f",
      "a",
      "A",
      "\\",
      "%00",
      "manifests",
      "blobs",
      "uploads",
      "%zz",
      "~",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        try {
          const route = parseRoute(`/v2/${pieces.join("/")}`);
          if (route !== undefined && "name" in route) expect(isName(route.name)).toBe(true);
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          expect(error.status).toBe(400);
        }
      }),
    );
  });

  test("hostile names are judged at once", () => {
    const before = performance.now();
    for (const text of [
      "a-".repeat(100_000),
      "a".repeat(100_000),
      `${"a__".repeat(80)}!`,
      `a${"-".repeat(250)}!`,
    ]) {
      expect(isName(text)).toBe(false);
      expect(isTag(text)).toBe(false);
      expect(asDigest(text)).toBeUndefined();
    }
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  test.each([
    ["a", true],
    ["a/b-c_d.e__f--g", true],
    ["a".repeat(255), true],
    ["a".repeat(256), false],
    ["a___b", false],
    ["a..b", false],
    ["a._b", false],
    ["a/", false],
    ["/a", false],
    ["A", false],
    ["a-", false],
    ["_a", false],
    ["\u212A", false],
    ["a\n", false],
  ])("the name %j is valid: %s", (text, valid) => {
    expect(isName(text)).toBe(valid);
  });
});

describe("pages", () => {
  test("put together, they are the listing, whatever their size", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 40 }),
        (keys, n) => {
          const sorted = keys.toSorted();
          const gathered: string[] = [];
          let query = new URLSearchParams({ n: String(n) });
          for (let pages = 0; pages <= sorted.length; pages += 1) {
            const page = pageOf(sorted, (key) => key, { path: "/x", query, maxEntries: 20 });
            expect(page.entries.length).toBeLessThanOrEqual(Math.min(n, 20));
            gathered.push(...page.entries);
            if (page.next === undefined) break;
            query = new URL(page.next, "http://x").searchParams;
          }
          expect(gathered).toEqual(sorted);
        },
      ),
    );
  });

  test("asking for a billion gives as many as a page may hold, and the way to the rest", () => {
    const sorted = Array.from({ length: 2500 }, (_, i) => String(i).padStart(5, "0"));
    const page = pageOf(sorted, (key) => key, {
      path: "/x",
      query: new URLSearchParams("n=1000000000"),
      maxEntries: 1000,
    });
    expect([page.entries.length, page.next]).toEqual([1000, "/x?n=1000&last=00999"]);
  });
});
