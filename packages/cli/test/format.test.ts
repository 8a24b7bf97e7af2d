import { describe, expect, test } from "vitest";
import { formatBytes, formatDuration, formatTable, shortDigest, wrap } from "../src/format.ts";

describe("format", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 KiB"],
    [1024, "1.0 KiB"],
    [12_897_485, "12.3 MiB"],
    [1024 ** 3, "1.0 GiB"],
    [250 * 1024 ** 2, "250 MiB"],
  ])("%i bytes are %s", (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [400, "0.4 s"],
    [12_000, "12 s"],
    [185_000, "3m05s"],
    [7_620_000, "2h07m"],
    [59_700, "1m00s"],
  ])("%i ms are %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  test("a digest is known by its first 12 digits", () => {
    expect(shortDigest(`sha256:${"0123456789abcdef".repeat(4)}`)).toBe("0123456789ab");
  });

  test("columns are as wide as their widest cell and lines have no spaces at their end", () => {
    expect(
      formatTable([
        ["a", "1"],
        ["long", ""],
        ["b", "22"],
      ]),
    ).toEqual(["a     1", "long", "b     22"]);
  });

  test("words are broken into lines, and a word too long stands alone", () => {
    expect(wrap("one two unbreakable", 8, 1)).toEqual([" one two", " unbreakable"]);
  });
});
