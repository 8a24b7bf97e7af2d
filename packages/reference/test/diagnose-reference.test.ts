import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diagnoseReference } from "../src/diagnose-reference.ts";
import { safeParseReference } from "../src/parse-reference.ts";
import { hostileText, referenceText } from "./arbitraries.ts";

const digest = `sha256:${"ab".repeat(32)}`;

/** What is said beside that a digest is missing, which holds for most. */
function codes(input: string): string[] {
  return diagnoseReference(input)
    .map(({ code }) => code)
    .filter((code) => code !== "DIGEST_MISSING");
}

function fixed(input: string): string {
  const fix = diagnoseReference(input).find((diagnostic) => diagnostic.fix !== undefined)?.fix;
  return fix === undefined
    ? input
    : input.slice(0, fix.offset) + fix.text + input.slice(fix.offset + fix.length);
}

describe("diagnoseReference", () => {
  it.each([
    ["nginx:1.27", []],
    ["nginx", ["TAG_MISSING"]],
    ["nginx:latest", ["TAG_LATEST"]],
    [`nginx@${digest}`, []],
    [`nginx:latest@${digest}`, []],
    [`nginx@sha384:${"ab".repeat(48)}`, ["DIGEST_UNVERIFIABLE"]],
    ["example.com:5000", ["HOST_AS_NAME"]],
    ["localhost", ["HOST_AS_NAME", "TAG_MISSING"]],
    ["localhost:5000", ["HOST_AS_NAME"]],
    ["redis:5000", []],
    ["registry-1.docker.io/library/nginx:1", ["HUB_ALIAS"]],
    ["registry.hub.docker.com/owner/app:1", ["HUB_ALIAS"]],
    ["docker.io:443/owner/app:1", ["HUB_ALIAS"]],
    ["DOCKER.IO/owner/app:1", ["HUB_ALIAS"]],
    ["index.docker.io/owner/app:1", []],
    ["docker.io/owner/app:1", []],
    ["Docker/app:1", ["DOMAIN_UPPERCASE"]],
    ["host:75050/app:1", ["PORT_OUT_OF_RANGE"]],
    ["host:0/app:1", ["PORT_OUT_OF_RANGE"]],
    ["[::1]:65536/app:1", ["PORT_OUT_OF_RANGE"]],
    ["[::1]/app:1", []],
    ["host:65535/app:1", []],
    ["Nginx:1", ["NAME_UPPERCASE"]],
  ])("says of %j: %j", (input, expected) => {
    expect(codes(input)).toEqual(expected);
  });

  it("points at the part it speaks of", () => {
    const spanOf = (input: string, code: string): string | undefined => {
      const found = diagnoseReference(input).find((diagnostic) => diagnostic.code === code);
      return found && input.slice(found.offset, found.offset + found.length);
    };
    expect(spanOf("ghcr.io/a/b:latest", "TAG_LATEST")).toBe("latest");
    expect(spanOf("host:75050/app:1", "PORT_OUT_OF_RANGE")).toBe("75050");
    expect(spanOf("[::1]:65536/app:1", "PORT_OUT_OF_RANGE")).toBe("65536");
    expect(spanOf(`a:1@sha384:${"ab".repeat(48)}`, "DIGEST_UNVERIFIABLE")).toBe(`sha384:${"ab".repeat(48)}`);
    expect(spanOf("registry-1.docker.io/a/b:1", "HUB_ALIAS")).toBe("registry-1.docker.io");
  });

  it.each([
    ["ghcr.io/Owner/App:V1", "ghcr.io/owner/app:V1"],
    ["https://ghcr.io/owner/app", "ghcr.io/owner/app"],
    [" ubuntu:22.04", "ubuntu:22.04"],
    ["ubuntu:22.04\r\n", "ubuntu:22.04"],
    [`a@${digest.toUpperCase()}`, `a@${digest}`],
    ["registry-1.docker.io/library/nginx:1", "docker.io/library/nginx:1"],
    ["GHCR.io/owner/app:1", "ghcr.io/owner/app:1"],
  ])("mends %j to %j", (input, expected) => {
    expect(fixed(input)).toBe(expected);
  });

  it.each([
    "ubuntu 22.04",
    "oci:///x",
    "https://Foo/Bar",
    "registry-1.docker.io/nginx",
    "Docker/app",
    "foo:",
    "$BASE",
  ])("mends nothing where more than one thing can have been meant: %j", (input) => {
    expect(fixed(input)).toBe(input);
  });

  it("agrees with the parser, stays in the input, and mends only to what parses", () => {
    fc.assert(
      fc.property(fc.oneof(hostileText, referenceText, fc.string({ unit: "binary" })), (input) => {
        const found = diagnoseReference(input);
        expect(found.some(({ severity }) => severity === "error")).toBe(!safeParseReference(input).ok);
        for (const { offset, length, message, fix } of found) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(length).toBeGreaterThanOrEqual(0);
          expect(offset + length).toBeLessThanOrEqual(input.length);
          expect(message).not.toBe("");
          if (fix === undefined) continue;
          const mended = input.slice(0, fix.offset) + fix.text + input.slice(fix.offset + fix.length);
          expect(safeParseReference(mended).ok).toBe(true);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
