import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Descriptor,
  formatPlatform,
  isContentError,
  matchesPlatform,
  normalisePlatform,
  type Platform,
  parsePlatform,
  selectPlatform,
} from "../src/index.ts";

function entry(platform: string | Platform | undefined): Descriptor {
  const digest = `sha256:${"0".repeat(64)}` as Descriptor["digest"];
  if (platform === undefined) return { mediaType: "m", digest, size: 1 };
  if (typeof platform !== "string") return { mediaType: "m", digest, size: 1, platform };
  const [os = "", architecture = "", variant] = platform.split("/");
  return {
    mediaType: "m",
    digest,
    size: 1,
    platform: variant === undefined ? { os, architecture } : { os, architecture, variant },
  };
}

test.each([
  ["linux/amd64", "linux/amd64"],
  ["linux/aarch64", "linux/arm64"],
  ["linux/x86_64", "linux/amd64"],
  ["linux/x86-64", "linux/amd64"],
  ["linux/i386", "linux/386"],
  ["linux/armhf", "linux/arm/v7"],
  ["linux/armel", "linux/arm/v6"],
  ["linux/arm", "linux/arm/v7"],
  ["linux/arm/5", "linux/arm/v5"],
  ["linux/arm64/8", "linux/arm64"],
  ["linux/arm64/v8", "linux/arm64"],
  ["linux/arm64/v8.0", "linux/arm64"],
  ["linux/arm64/9.0", "linux/arm64/v9"],
  ["linux/arm64/v8.2", "linux/arm64/v8.2"],
  ["linux/amd64/v1", "linux/amd64"],
  ["linux/amd64/v3", "linux/amd64/v3"],
  ["macOS/arm64", "darwin/arm64"],
  ["LINUX/AMD64", "linux/amd64"],
  ["arm64", "linux/arm64"],
  ["aarch64", "linux/arm64"],
  ["windows/amd64:10.0.17763.1", "windows/amd64:10.0.17763.1"],
  ["windows(10.0.17763)/amd64", "windows/amd64:10.0.17763"],
])("reads %s as %s", (text, expected) => {
  expect(formatPlatform(parsePlatform(text))).toBe(expected);
});

test.each([
  "",
  "linux",
  "/",
  "linux/",
  "/amd64",
  "linux/amd64/v1/x",
  "linux/amd 64",
  "linux/amd64:",
  "linux/../x",
  "a/b\u001b",
])("refuses %j", (text) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "INVALID" }));
});

test("reads any text or refuses it, and its own writing always", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9/:.()_ -]{0,24}$/), (text) => {
      try {
        const platform = parsePlatform(text);
        expect(parsePlatform(formatPlatform(platform))).toEqual(platform);
        expect(normalisePlatform(platform)).toEqual(platform);
      } catch (error) {
        expect(isContentError(error)).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});

test.each([
  ["linux/amd64", ["linux/arm64", "linux/amd64"], 1],
  ["linux/amd64", ["linux/amd64/v2", "linux/386"], 1],
  ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 1],
  ["linux/amd64/v3", ["linux/386"], 0],
  ["linux/arm/v7", ["linux/arm/v5", "linux/arm/v6"], 1],
  ["linux/arm/v6", ["linux/arm/v7"], undefined],
  ["linux/arm64", ["linux/arm/v7"], 0],
  ["linux/arm64", ["linux/arm/v6", "linux/arm64/v8"], 1],
  ["linux/arm64/v8.2", ["linux/arm64", "linux/arm64/v8.1"], 1],
  ["linux/arm64/v9", ["linux/arm64/v8.5", "linux/arm64"], 0],
  ["linux/arm64/v9", ["linux/arm64/v8.6"], undefined],
  ["linux/s390x", ["linux/amd64"], undefined],
  ["linux/amd64", ["windows/amd64"], undefined],
  ["linux/amd64", ["unknown/unknown", undefined, "linux/amd64"], 2],
  ["linux/amd64", ["linux/amd64", "linux/amd64"], 0],
] as const)("for %s picks of %j the one at %s", (wanted, offered, expected) => {
  const entries = offered.map(entry);
  const picked = selectPlatform(entries, parsePlatform(wanted));
  expect(picked === undefined ? undefined : entries.indexOf(picked)).toBe(expected);
});

test("picks Windows by the build, whatever the revision", () => {
  const entries = ["10.0.17763.100", "10.0.20348.200"].map((version) =>
    entry({ os: "windows", architecture: "amd64", "os.version": version }),
  );
  const pick = (version: string): number =>
    entries.indexOf(selectPlatform(entries, parsePlatform(`windows/amd64:${version}`)) ?? entry(undefined));
  expect(pick("10.0.20348")).toBe(1);
  expect(pick("10.0.20348.5")).toBe(1);
  expect(pick("10.0.2034")).toBe(-1);
  expect(pick("10.0.17763.100")).toBe(0);
});

test("picks an entry only where its features are there, when they are named", () => {
  const entries = [
    entry({ os: "windows", architecture: "amd64", "os.features": ["win32k"] }),
    entry({ os: "windows", architecture: "amd64" }),
  ];
  const wanted = { os: "windows", architecture: "amd64", "os.features": ["other"] };
  expect(selectPlatform(entries, wanted)).toBe(entries[1]);
  expect(selectPlatform(entries, { ...wanted, "os.features": ["win32k"] })).toBe(entries[0]);
});

test("compares only what was asked for, and falls back to nothing, as a filter", () => {
  const v3 = { os: "linux", architecture: "amd64", variant: "v3" };
  expect(matchesPlatform(v3, parsePlatform("linux/amd64"))).toBe(true);
  expect(matchesPlatform(v3, parsePlatform("linux/amd64/v2"))).toBe(false);
  expect(matchesPlatform({ os: "linux", architecture: "386" }, parsePlatform("linux/amd64"))).toBe(false);
});

test("is not slowed down by a hostile variant", () => {
  expect(
    selectPlatform([entry("linux/amd64")], { os: "linux", architecture: "amd64", variant: "v99" }),
  ).toBeUndefined();
  expect(
    selectPlatform([entry("linux/arm64")], { os: "linux", architecture: "arm64", variant: "v9.99999999999" }),
  ).toBeUndefined();
});
