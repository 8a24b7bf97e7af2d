import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseWarnings } from "../src/warnings.ts";

describe("parseWarnings", () => {
  it("takes code 299, agent - and a quoted text, alone and several at once", () => {
    expect(parseWarnings(['299 - "deprecated"'])).toEqual(["deprecated"]);
    expect(parseWarnings(['299 - "one", 299 - "two"', '299 - "one"'])).toEqual(["one", "two"]);
    expect(parseWarnings(['299 - "a \\"quoted\\" \\\\ word, and a comma"'])).toEqual([
      'a "quoted" \\ word, and a comma',
    ]);
  });

  it.each([
    '199 - "other code"',
    '299 host "other agent"',
    '299 - "with a date" "Sat, 25 Aug 2012 23:34:45 GMT"',
    "299 - unquoted",
    '299 - "unclosed',
    '299 - "control \u001b[31m"',
    '299 - ""',
  ])("takes nothing else: %s", (field) => {
    expect(parseWarnings([field])).toEqual([]);
  });

  it("stops at 4096 characters over all of them", () => {
    const long = "x".repeat(3000);
    expect(parseWarnings([`299 - "${long}"`, `299 - "${long}y"`, '299 - "z"'])).toEqual([long]);
  });

  it("never lets a control character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary-ascii" }), (text) => {
        for (const warning of parseWarnings([`299 - "${text}"`, text])) {
          expect(warning).not.toMatch(/[\u0000-\u001f\u007f]/);
        }
      }),
    );
  });
});
