import fc from "fast-check";
import { expect, test } from "vitest";
import {
  compareVersions,
  isContentError,
  matchesGlob,
  parseVersion,
  parseVersionRange,
} from "../../src/index.ts";

function lies(range: string, version: string): boolean {
  const parsed = parseVersion(version);
  if (parsed === undefined) throw new Error(`${version} is no version`);
  return parseVersionRange(range)(parsed);
}

test.each([
  ["*", ["0.0.1", "9"], ["1.0.0-rc1"]],
  ["", ["1.2.3"], []],
  ["1.2.3", ["1.2.3", "v1.2.3", "1.2.3+build"], ["1.2.4", "1.2.3-rc1"]],
  ["1.2", ["1.2", "1.2.0", "1.2.99"], ["1.3.0", "1.1.9"]],
  ["1.2.x", ["1.2.7"], ["1.3"]],
  ["1.X", ["1.9.9"], ["2.0.0", "0.9"]],
  ["3", ["3", "3.18", "3.18.4"], ["4", "2.9"]],
  [">=3.18 <4", ["3.18", "3.99.1"], ["3.17.9", "4", "4.0.0"]],
  [">= 3.18  < 4", ["3.18"], ["4"]],
  [">1.2", ["1.3.0"], ["1.2.9"]],
  [">1.2.3", ["1.2.4"], ["1.2.3"]],
  ["<=1.2", ["1.2.9"], ["1.3.0"]],
  ["<=1.2.3", ["1.2.3"], ["1.2.4"]],
  ["<1.2", ["1.1.9"], ["1.2.0"]],
  ["^1.4", ["1.4.0", "1.99"], ["2.0.0", "1.3.9"]],
  ["^0.2.3", ["0.2.3", "0.2.9"], ["0.3.0", "0.2.2"]],
  ["^0.0.3", ["0.0.3"], ["0.0.4"]],
  ["^0", ["0.9"], ["1.0"]],
  ["^0.0", ["0.0.7"], ["0.1"]],
  ["~3.18", ["3.18.9"], ["3.19"]],
  ["~3.18.2", ["3.18.2", "3.18.9"], ["3.18.1", "3.19"]],
  ["~3", ["3.99"], ["4"]],
  ["1.2 - 1.5", ["1.2.0", "1.5.9"], ["1.6", "1.1.9"]],
  ["1.2.3 - 2", ["1.2.3", "2.9"], ["1.2.2", "3"]],
  ["1 || >=3 <3.5 || 7.1.1", ["1.9", "3.4", "7.1.1"], ["2", "3.5", "7.1.2"]],
  [">=1.0.0-rc.2", ["1.0.0-rc.10", "1.0.0", "1.1.0"], ["1.0.0-rc.1", "1.1.0-rc.1"]],
  ["=v1.2.3", ["1.2.3"], ["1.2.4"]],
])("the range %j has %j and not %j", (range, inside, outside) => {
  for (const version of inside) expect([version, lies(range, version)]).toEqual([version, true]);
  for (const version of outside) expect([version, lies(range, version)]).toEqual([version, false]);
});

test.each([">=", "latest", "1.2.3.4", "1.x.3", "^^1", ">=a", "1 - ", "|| ~", "9".repeat(20)])(
  "refuses %j",
  (range) => {
    expect(() => parseVersionRange(range)).toThrow(expect.objectContaining({ code: "INVALID" }));
  },
);

test.each([
  "latest",
  "1.2.3.4",
  "1..2",
  "v",
  "",
  "1.2.3-",
  "1.2.3-a..b",
  "01x",
  "-1",
  "1.2-",
  "1".repeat(300),
])("does not take %j for a version", (text) => {
  expect(parseVersion(text)).toBeUndefined();
});

test("orders versions as semver.org does", () => {
  const ordered = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-alpha.beta",
    "1.0.0-beta",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
  ];
  const all = [...ordered, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.10.0", "2"].map((text) => parseVersion(text));
  for (const [i, a] of all.entries()) {
    for (const [j, b] of all.entries()) {
      if (a === undefined || b === undefined) throw new Error("no version");
      expect(Math.sign(compareVersions(a, b))).toBe(Math.sign(i - j));
    }
  }
});

test("reads any text as a range or refuses it", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9vxX.*<>=^~|a -]{0,20}$/), (text) => {
      try {
        parseVersionRange(text)({ numbers: [1, 2, 3], precision: 3, pre: [] });
      } catch (error) {
        expect(isContentError(error)).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});

test("matches patterns as the same regular expression does", () => {
  const part = fc.constantFrom("a", "b", ".", "-", "*", "?");
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), fc.stringMatching(/^[ab.-]{0,10}$/), (parts, text) => {
      const source = parts.map((p) => (p === "*" ? ".*" : p === "?" ? "." : p === "." ? "\\." : p)).join("");
      expect(matchesGlob(parts.join(""), text)).toBe(new RegExp(`^${source}$`).test(text));
    }),
    { numRuns: 3000 },
  );
});

test("does not grow slow on a pattern of many stars", () => {
  expect(matchesGlob(`${"*a".repeat(500)}b`, "a".repeat(20_000))).toBe(false);
});
