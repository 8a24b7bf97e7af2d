import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInvalidReferenceError } from "../src/invalid-reference-error.ts";
import { matchReference } from "../src/match-reference.ts";
import { parseReference } from "../src/parse-reference.ts";
import { referenceText } from "./arbitraries.ts";

// Each verdict is that of Go's path.Match on the familiar string, and then on the familiar name.
describe("matchReference", () => {
  it.each([
    ["ubuntu", "ubuntu:22.04", true],
    ["*", "ubuntu:22.04", true],
    ["ubuntu:22.*", "ubuntu:22.04", true],
    ["ubuntu:2?.04", "ubuntu:22.04", true],
    ["*", "owner/app", false],
    ["*/*", "owner/app", true],
    ["ghcr.io/*/app", "ghcr.io/owner/app:1", true],
    ["ghcr.io/*", "ghcr.io/owner/app", false],
    ["library/ubuntu", "ubuntu", false],
    ["[a-f]oo", "foo", true],
    ["[^a-f]oo", "foo", false],
    ["f[^/]o", "foo", true],
    ["foo[/]bar", "foo/bar", true],
    ["a*b*c", "axbxc", true],
    ["a*b*c", "axbxcx", false],
    ["*[^a]*b", "xy/b", false],
    ["\\ubuntu", "ubuntu", true],
    ["ubunt[t-u]", "ubuntu", true],
    ["", "ubuntu", false],
    ["é*", "ubuntu", false],
  ])("%j on %j is %j", (pattern, reference, expected) => {
    expect(matchReference(pattern, parseReference(reference))).toBe(expected);
  });

  it.each([
    ["[", 1],
    ["a[b", 3],
    ["[]a]", 1],
    ["[-]", 1],
    ["[a-]", 3],
    ["\\", 1],
    ["x*[", 3],
  ])("refuses %j", (pattern, offset) => {
    const reference = parseReference("ubuntu");
    expect(() => matchReference(pattern, reference)).toThrow(
      expect.objectContaining({ code: "PATTERN_INVALID", input: pattern, offset }),
    );
  });

  it("takes each reference for its own pattern, and throws nothing but its error", () => {
    fc.assert(
      fc.property(
        referenceText,
        fc.string({ unit: fc.constantFrom(..."*?[]^-\\ab/:é😀") }),
        (text, pattern) => {
          const reference = parseReference(text);
          const literal = reference.familiar().replaceAll("[", "\\[");
          expect(matchReference(literal, reference)).toBe(true);
          try {
            matchReference(pattern, reference);
          } catch (error) {
            expect(isInvalidReferenceError(error)).toBe(true);
          }
        },
      ),
    );
  });

  it("stays quick under a pattern of many stars", () => {
    const start = performance.now();
    expect(matchReference(`${"*a".repeat(5_000)}*b`, parseReference("a".repeat(200)))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});
