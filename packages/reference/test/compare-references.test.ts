import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareReferences, equalReferences } from "../src/compare-references.ts";
import { parseReference } from "../src/parse-reference.ts";
import { referenceText } from "./arbitraries.ts";

describe("compareReferences", () => {
  it("orders by domain, path, tag and digest, and puts what has none first", () => {
    const texts = ["quay.io/a", "b", "a:2", "a", "a:10", "ghcr.io/z"];
    const sorted = texts.map((text) => parseReference(text)).sort(compareReferences);
    expect(sorted.map(String)).toEqual([
      "docker.io/library/a",
      "docker.io/library/a:10",
      "docker.io/library/a:2",
      "docker.io/library/b",
      "ghcr.io/z",
      "quay.io/a",
    ]);
  });

  it("is an order, and zero only for equal ones", () => {
    fc.assert(
      fc.property(referenceText, referenceText, (one, other) => {
        const [a, b] = [parseReference(one), parseReference(other)];
        expect(compareReferences(a, b)).toBe(-compareReferences(b, a) || 0);
        expect(equalReferences(a, b)).toBe(a.toString() === b.toString());
        expect(equalReferences(a, parseReference(a.toString()))).toBe(true);
      }),
    );
  });
});
