import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseReference } from "../src/parse-reference.ts";
import { referenceText } from "./arbitraries.ts";

const digest = `sha256:${"ab".repeat(32)}`;

describe("a reference", () => {
  it("derives others, and stays as it is", () => {
    const reference = parseReference("ghcr.io/owner/app:1");
    expect(reference.with({ tag: "2" }).toString()).toBe("ghcr.io/owner/app:2");
    expect(reference.with({ digest }).toString()).toBe(`ghcr.io/owner/app:1@${digest}`);
    expect(reference.with({ tag: undefined, digest }).toString()).toBe(`ghcr.io/owner/app@${digest}`);
    expect(reference.with({ domain: "localhost:5000", path: "mirror/app" }).name).toBe(
      "localhost:5000/mirror/app",
    );
    expect(reference.toString()).toBe("ghcr.io/owner/app:1");
  });

  it("completes what it derives as parsing would", () => {
    expect(parseReference("quay.io/app").with({ domain: "index.docker.io" }).name).toBe(
      "docker.io/library/app",
    );
    expect(parseReference("ubuntu").with({ path: "debian" }).path).toBe("library/debian");
  });

  it.each([
    [{ domain: "registry" }, "DOMAIN_INVALID"],
    [{ domain: "a.b/c" }, "DOMAIN_INVALID"],
    [{ path: "a:tag" }, "CHARACTER_INVALID"],
    [{ path: "" }, "NAME_EMPTY"],
    [{ path: "a".repeat(256) }, "NAME_TOO_LONG"],
    [{ tag: "" }, "TAG_EMPTY"],
    [{ tag: "a@b" }, "TAG_INVALID"],
    [{ digest: "sha256:abc" }, "DIGEST_LENGTH"],
  ])("refuses to derive %j", (parts, code) => {
    expect(() => parseReference("ghcr.io/owner/app").with(parts)).toThrow(expect.objectContaining({ code }));
  });

  it("derives what parses to the same, for any parts of others", () => {
    fc.assert(
      fc.property(referenceText, referenceText, (one, other) => {
        const { domain, path, tag } = parseReference(other);
        const derived = parseReference(one).with({ domain, path, tag });
        expect(parseReference(derived.toString())).toEqual(derived);
      }),
    );
  });
});
