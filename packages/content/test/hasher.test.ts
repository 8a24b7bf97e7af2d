import { createHash } from "node:crypto";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { createHasher, digestAlgorithm, digestOf, isDigestSyntax } from "../src/hasher.ts";

const HEX = "a".repeat(64);

test("hashes what comes in pieces as it hashes the whole", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 200 })),
      fc.constantFrom("sha256", "sha512"),
      (parts, algorithm) => {
        const hasher = createHasher(algorithm);
        const whole = createHash(algorithm);
        for (const part of parts) {
          hasher.update(part);
          whole.update(part);
        }
        expect(hasher.digest()).toBe(`${algorithm}:${whole.digest("hex")}`);
      },
    ),
  );
});

test("gives the same digests where the runtime has no crypto of its own", async () => {
  const bytes = new TextEncoder().encode("the same");
  const builtin = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never);
  try {
    vi.resetModules();
    const portable = await import("../src/hasher.ts");
    expect(portable.digestOf(bytes)).toBe(digestOf(bytes));
    expect(portable.digestOf(bytes, "sha512")).toBe(digestOf(bytes, "sha512"));
    expect(builtin).toHaveBeenCalled();
  } finally {
    builtin.mockRestore();
    vi.resetModules();
  }
  expect(Buffer.from(sha256(bytes)).toString("hex")).toBe(digestOf(bytes).slice(7));
  expect(Buffer.from(sha512(bytes)).toString("hex")).toBe(digestOf(bytes, "sha512").slice(7));
});

// CVE-2024-3727: a digest is a path and a URL before it is anything else.
test.each([
  ["sha256:", "INVALID"],
  ["sha256:../../x", "INVALID"],
  [`sha256:${"A".repeat(64)}`, "INVALID"],
  [`sha256:${"a".repeat(63)}`, "INVALID"],
  [`sha256:${"a".repeat(65)}`, "INVALID"],
  [`sha512:${HEX}`, "INVALID"],
  [`sha256:${HEX}\n`, "INVALID"],
  [`SHA256:${HEX}`, "INVALID"],
  [HEX, "INVALID"],
  ["", "INVALID"],
  [`:${HEX}`, "INVALID"],
  [`blake3:${HEX}`, "UNSUPPORTED"],
  [`sha384:${"a".repeat(96)}`, "UNSUPPORTED"],
  ["md5:d41d8cd98f00b204e9800998ecf8427e", "UNSUPPORTED"],
])("refuses to go on with the digest %j", (digest, code) => {
  expect(() => digestAlgorithm(digest)).toThrow(expect.objectContaining({ code }));
});

test("takes the digests it can verify", () => {
  expect(digestAlgorithm(`sha256:${HEX}`)).toBe("sha256");
  expect(digestAlgorithm(`sha512:${HEX}${HEX}`)).toBe("sha512");
});

test("knows the grammar of digests of any algorithm", () => {
  const grammar = /^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
  fc.assert(
    fc.property(fc.stringMatching(/^[a-zA-Z0-9+._:=/-]{0,30}$/), (text) => {
      expect(isDigestSyntax(text)).toBe(grammar.test(text));
    }),
    { numRuns: 2000 },
  );
});

test("puts no control character of a digest into its message", () => {
  expect(() => digestAlgorithm("sha256:\u001b[31m\u202e")).toThrow(/\\u\{1b\}\[31m\\u\{202e\}/);
});
