import fc from "fast-check";
import { expect, test } from "vitest";
import { fromBase64, quoteForeign, toBase64 } from "../src/text.ts";

test("a server's words lose line breaks, escapes and what turns the direction of text", () => {
  const said = quoteForeign("a\r\nb\u001b[31m\u202ec\u2028\ufeff é");
  expect(said).toBe("a\\u{d}\\u{a}b\\u{1b}[31m\\u{202e}c\\u{2028}\\u{feff} é");
});

test("a secret is taken out wherever it stands, also across the place where words are cut", () => {
  const secret = "canary-secret";
  for (let at = 280; at < 310; at += 1) {
    const said = quoteForeign(`${"x".repeat(at)}${secret} and ${secret}`, ["", secret]);
    expect(said).not.toContain("c");
    expect(said.length).toBeLessThanOrEqual(300);
  }
});

test("base64 is read back as it was written, whatever the text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(fromBase64(toBase64(text))).toBe(text);
    }),
  );
});

test.each(["a", "ab=c", "a===", "YQ", "YQ==YQ==", "_-8=", "gICA", " YQ="])(
  "%s is no base64 of text",
  (text) => {
    expect(fromBase64(text)).toBeUndefined();
  },
);
