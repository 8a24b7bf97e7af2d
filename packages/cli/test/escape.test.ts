import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapeControl, safeJson } from "../src/escape.ts";

const UNSAFE = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

describe("escapeControl", () => {
  test("text without control characters comes back as it is", () => {
    expect(escapeControl("v1.2 – größer 日本語 👩‍🚀")).toBe("v1.2 – größer 日本語 👩‍🚀");
  });

  test.each([
    ["\u001b[31mred\u001b[0m", "\\x1b[31mred\\x1b[0m"],
    ["a\rb", "a\\x0db"],
    ["a\nb", "a\\x0ab"],
    ["\u009b2J", "\\x9b2J"],
    ["v1\u202etxt.exe", "v1\\u202etxt.exe"],
    ["\u2066hidden\u2069", "\\u2066hidden\\u2069"],
    ["\ud800x", "\\ud800x"],
  ])("%j becomes visible", (input, output) => {
    expect(escapeControl(input)).toBe(output);
  });

  test("newlines stay where lines are asked for, everything else is escaped all the same", () => {
    expect(escapeControl("a\n\u001bb\tc", { lines: true })).toBe("a\n\\x1bb\tc");
  });

  test("no control character survives, whatever the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeControl(text)).not.toMatch(UNSAFE);
      }),
    );
  });
});

describe("safeJson", () => {
  test("what is printed parses to the same value and holds no control character", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: "binary" }), fc.string({ unit: "binary" })), (value) => {
        const text = safeJson(value);
        expect(text).not.toMatch(UNSAFE);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
