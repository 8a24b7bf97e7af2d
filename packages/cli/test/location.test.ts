import { describe, expect, test } from "vitest";
import { parseLocation } from "../src/location.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("parseLocation", () => {
  test.each([
    ["alpine:3.20", { kind: "remote", reference: "alpine:3.20" }],
    ["localhost:5000/a/b@sha256:x", { kind: "remote", reference: "localhost:5000/a/b@sha256:x" }],
    ["docker://alpine:3.20", { kind: "remote", reference: "alpine:3.20" }],
    ["oci:image", { kind: "oci", path: "image" }],
    ["oci:image:1.0", { kind: "oci", path: "image", name: "1.0" }],
    ["oci:/tmp/a:b/c", { kind: "oci", path: "/tmp/a:b/c" }],
    ["oci:/tmp/a:b/c:v1", { kind: "oci", path: "/tmp/a:b/c", name: "v1" }],
    [`oci:image@${DIGEST}`, { kind: "oci", path: "image", name: DIGEST }],
    ["oci:image:", { kind: "oci", path: "image" }],
    ["oci-archive:a.tar:v1", { kind: "oci-archive", path: "a.tar", name: "v1" }],
    ["docker-archive:a.tar", { kind: "docker-archive", path: "a.tar" }],
    ["docker-archive:a.tar:ghcr.io/a/b:1", { kind: "docker-archive", path: "a.tar", name: "ghcr.io/a/b:1" }],
  ])("%s", (text, location) => {
    expect(parseLocation(text)).toEqual(location);
  });

  test.each(["oci:", "oci-archive:", "docker-archive::v1"])(
    "%s is refused, and says what to write",
    (text) => {
      expect(() => parseLocation(text)).toThrow(
        expect.objectContaining({ code: "USAGE", hint: expect.any(String) }),
      );
    },
  );
});
