import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { schema1Payload } from "../src/schema1-payload.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("schema1Payload", () => {
  it("cuts the document where its signature says, and puts the tail back", () => {
    const header = btoa(JSON.stringify({ formatLength: 5, formatTail: "Cn0" }));
    const bytes = encode(`{"a":1,"signatures":[{"protected":"${header}"}]}`);
    expect(new TextDecoder().decode(schema1Payload(bytes))).toBe('{"a":\n}');
  });

  it.each([
    ["no signatures", "{}"],
    ["a header that is no base64", '{"signatures":[{"protected":"!"}]}'],
    [
      "a length below zero",
      `{"signatures":[{"protected":"${btoa('{"formatLength":-1,"formatTail":""}')}"}]}`,
    ],
    [
      "a length beyond the document",
      `{"signatures":[{"protected":"${btoa('{"formatLength":9999,"formatTail":""}')}"}]}`,
    ],
    ["no tail", `{"signatures":[{"protected":"${btoa('{"formatLength":1}')}"}]}`],
  ])("knows nothing by %s", (_, text) => {
    expect(schema1Payload(encode(text))).toBeUndefined();
  });

  it("never throws, whatever the document is", () => {
    fc.assert(
      fc.property(fc.json(), fc.jsonValue(), (text, header) => {
        schema1Payload(encode(text));
        const signed = {
          signatures: [{ protected: Buffer.from(JSON.stringify(header)).toString("base64url") }],
        };
        schema1Payload(encode(JSON.stringify(signed)));
      }),
    );
  });
});
