import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeJson, parseJson } from "../src/json.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("reads what it writes", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      expect(parseJson(encodeJson(value), "document")).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("counts levels, and not brackets in a text or side by side", () => {
  const nested = (levels: number): Uint8Array => encode("[".repeat(levels) + "]".repeat(levels));
  expect(() => parseJson(nested(256), "document")).not.toThrow();
  expect(() => parseJson(nested(257), "document")).toThrow(/nests deeper than 256/);
  expect(() => parseJson(encode(`[${"[],".repeat(1000)}[]]`), "document")).not.toThrow();
  expect(() => parseJson(encode(JSON.stringify(`\\"${"[".repeat(1000)}`)), "document")).not.toThrow();
});

test.each(["", "{", "{'a':1}", "undefined", '{"a":\u001b}'])("refuses %j without repeating it", (text) => {
  expect(() => parseJson(encode(text), "document")).toThrow("The document is not JSON.");
});
