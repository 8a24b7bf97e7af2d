import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readDecimal } from "../src/numbers.ts";
import { isTag } from "../src/tag-name.ts";

describe("isTag", () => {
  it("agrees with the specification's grammar", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ0_.-/: \n"), maxLength: 6 }), (text) => {
        expect(isTag(text)).toBe(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/.test(text) && !text.endsWith("\n"));
      }),
    );
  });

  it("takes 128 characters and no more", () => {
    expect(isTag("a".repeat(128))).toBe(true);
    expect(isTag("a".repeat(129))).toBe(false);
  });
});

describe("readDecimal", () => {
  it.each(["", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "1_000", "None", "9".repeat(16)])(
    "takes no %j for a number",
    (text) => {
      expect(readDecimal(text)).toBeUndefined();
    },
  );

  it("reads every other one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999_999_999_999_999 }), (number) => {
        expect(readDecimal(String(number))).toBe(number);
      }),
    );
  });
});
