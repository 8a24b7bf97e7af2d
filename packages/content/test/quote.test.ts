import fc from "fast-check";
import { expect, test } from "vitest";
import { quote } from "../src/quote.ts";

test("shows what a terminal would act on", () => {
  expect(quote('a\u001b[2J\r\u009b\u202e\ufeff\ud800"\\')).toBe(
    '"a\\u{1b}[2J\\u{d}\\u{9b}\\u{202e}\\u{feff}\\u{d800}\\"\\\\"',
  );
  expect(quote("ümläut 漢字 🎉")).toBe('"ümläut 漢字 🎉"');
});

test("cuts what is too long, and never lets a control character through", () => {
  expect(quote("x".repeat(50), 10)).toBe(`"${"x".repeat(7)}..."`);
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      expect(quote(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
    }),
  );
});
