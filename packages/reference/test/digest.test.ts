import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestAlgorithm, digestEncoded, isDigest, isVerifiableDigest, parseDigest } from "../src/digest.ts";
import { isInvalidReferenceError } from "../src/invalid-reference-error.ts";
import { digestText } from "./arbitraries.ts";

const hex64 = "ab".repeat(32);

describe("parseDigest", () => {
  it("takes registered algorithms and takes them apart", () => {
    fc.assert(
      fc.property(digestText, (text) => {
        const digest = parseDigest(text);
        expect(digest).toBe(text);
        expect(`${digestAlgorithm(digest)}:${digestEncoded(digest)}`).toBe(text);
      }),
    );
  });

  it.each([
    ["sha256:", "DIGEST_EMPTY"],
    ["", "DIGEST_EMPTY"],
    ["sha256:../../x", "DIGEST_INVALID"],
    [`sha256:${hex64.toUpperCase()}`, "DIGEST_UPPERCASE"],
    [`SHA256:${hex64}`, "DIGEST_UPPERCASE"],
    [`sha256:${hex64.slice(1)}`, "DIGEST_LENGTH"],
    [`sha256:${hex64}a`, "DIGEST_LENGTH"],
    [`sha256:${hex64}\n`, "DIGEST_INVALID"],
    [`blake3:${hex64}`, "DIGEST_UNSUPPORTED"],
    ["multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", "DIGEST_UNSUPPORTED"],
    [`:${hex64}`, "DIGEST_INVALID"],
    [hex64, "DIGEST_INVALID"],
  ])("refuses %j as %s", (text, code) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code, input: text }));
  });

  it("throws nothing but its error, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^[a-z+._-]{0,9}:[\w=-]{0,70}$/)),
        (text) => {
          for (const anyAlgorithm of [false, true]) {
            try {
              expect(parseDigest(text, { anyAlgorithm })).toBe(text);
            } catch (error) {
              expect(isInvalidReferenceError(error)).toBe(true);
            }
          }
        },
      ),
    );
  });

  it("takes algorithms that are not registered where it is asked to, and holds the others to their length", () => {
    const options = { anyAlgorithm: true };
    expect(isDigest(`blake3:${hex64}`, options)).toBe(true);
    expect(isDigest("sha256+b64u:LCa0a2j_xo_5m0U8HTBBNBNCLXBkg7-g-YpeiGJm564", options)).toBe(true);
    expect(isDigest("sha256:abc", options)).toBe(false);
    expect(isDigest("sha256+b64u:", options)).toBe(false);
    expect(isDigest("a..b:c", options)).toBe(false);
  });

  it("knows which ones can be verified", () => {
    expect(isVerifiableDigest(parseDigest(`sha256:${hex64}`))).toBe(true);
    expect(isVerifiableDigest(parseDigest(`sha512:${hex64}${hex64}`))).toBe(true);
    expect(isVerifiableDigest(parseDigest(`sha384:${"ab".repeat(48)}`))).toBe(false);
  });
});
