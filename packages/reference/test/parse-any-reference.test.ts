import { describe, expect, it } from "vitest";
import { parseAnyReference } from "../src/parse-any-reference.ts";
import { vectors } from "./vectors.ts";

const hex64 = "ab".repeat(32);

describe("parseAnyReference", () => {
  it("reads identifiers and digests before names", () => {
    expect(parseAnyReference(hex64)).toBe(`sha256:${hex64}`);
    expect(parseAnyReference(`sha256:${hex64}`)).toBe(`sha256:${hex64}`);
    expect(String(parseAnyReference("ubuntu"))).toBe("docker.io/library/ubuntu");
    expect(() => parseAnyReference(hex64.toUpperCase())).toThrow(
      expect.objectContaining({ code: "NAME_UPPERCASE" }),
    );
  });

  it("agrees with the vectors that say what it makes of them", () => {
    const told = vectors.filter((vector) => vector.ok && vector.anyReference !== undefined);
    expect(told.length).toBeGreaterThan(0);
    for (const vector of told) {
      if (vector.ok) expect(String(parseAnyReference(vector.input))).toBe(vector.anyReference);
    }
  });
});
