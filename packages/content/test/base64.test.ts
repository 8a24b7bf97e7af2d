import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, encodeBase64 } from "../src/base64.ts";

test("writes base64 as Node does, and reads it back", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 30_000 }), (bytes) => {
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString("base64"));
      expect(decodeBase64(text)).toEqual(bytes);
    }),
    { numRuns: 30 },
  );
});

test.each(["@@@@", "a", "a===", "%"])("refuses %j", (text) => {
  expect(() => decodeBase64(text)).toThrow(expect.objectContaining({ code: "INVALID" }));
});
