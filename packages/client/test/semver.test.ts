import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareVersions, parseRange, parseVersion, satisfies } from "../src/semver.ts";

const inRange = (version: string, range: string): boolean => {
  const parsed = parseVersion(version);
  return parsed !== undefined && satisfies(parsed, parseRange(range));
};

describe("versions", () => {
  it("are ordered as semver.org says, with fewer parts and a v where tags have them", () => {
    const ordered = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"];
    ordered.push("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "v1.0.1", "1.2", "1.10", "2");
    const shuffled = [...ordered].reverse();
    shuffled.sort((a, b) => compareVersions(parseVersion(a), parseVersion(b)));
    expect(shuffled).toEqual(ordered);
  });

  it.each(["latest", "1.2.3.4", "1..2", "v", "", "1.2.3-", "1.2.3-a..b", "sha256-abc", "9".repeat(20)])(
    "are not found in %s",
    (tag) => {
      expect(parseVersion(tag)).toBeUndefined();
    },
  );

  it("are compared without contradiction", () => {
    const version = fc
      .tuple(fc.nat(3), fc.nat(3), fc.nat(3), fc.constantFrom("", "-a", "-a.1", "-1", "-rc.2"))
      .map(([a, b, c, rest]) => parseVersion(`${a}.${b}.${c}${rest}`));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
    );
  });
});

describe("ranges", () => {
  it.each([
    ["1.2.3", ">=1.2 <2", true],
    ["2.0.0", ">=1.2 <2", false],
    ["1.2.3", "1.2.3", true],
    ["1.2.4", "1.2.3", false],
    ["1.2.9", "1.2", true],
    ["1.3.0", "1.2", false],
    ["1.9.0", "1.x", true],
    ["2.0.0", "1.x || 2.x", true],
    ["1.9.9", "^1.2.3", true],
    ["2.0.0", "^1.2.3", false],
    ["0.2.9", "^0.2.3", true],
    ["0.3.0", "^0.2.3", false],
    ["0.0.4", "^0.0.3", false],
    ["1.2.9", "~1.2.3", true],
    ["1.3.0", "~1.2.3", false],
    ["1.3.0", "~1", true],
    ["1.2.5", "1.2 - 1.4", true],
    ["1.4.9", "1.2 - 1.4", true],
    ["1.5.0", "1.2 - 1.4", false],
    ["1.3.0", ">1.2", true],
    ["1.2.9", ">1.2", false],
    ["1.2.9", "<=1.2", true],
    ["1.2.9", ">= 1.2", true],
    ["5.0.0", "*", true],
    ["5.0.0", "", true],
    ["v3.19", ">=3.18", true],
    ["2.0.0-alpha", ">=1", false],
    ["2.0.0-rc.2", ">=2.0.0-rc.1", true],
    ["2.1.0-rc.2", ">=2.0.0-rc.1", false],
    ["2.0.0-rc.1", "^1.2.3", false],
  ])("%s in %s: %s", (version, range, expected) => {
    expect(inRange(version, range)).toBe(expected);
  });

  it.each([">=", "abc", ">1.2.3.4", "1.2 - ", "^^1"])("refuse %s", (range) => {
    expect(() => parseRange(range)).toThrow(expect.objectContaining({ code: "INVALID" }));
  });
});
