import { parseReference } from "@reg/reference";
import { describe, expect, it } from "vitest";
import { endpointOf, isLoopback, targetOf } from "../src/endpoint.ts";
import {
  blobUrl,
  manifestUrl,
  resolveLocation,
  resolveNextPage,
  uploadsUrl,
  withParameter,
} from "../src/urls.ts";

describe("endpoints", () => {
  it.each([
    ["ubuntu", "https://registry-1.docker.io", "docker.io", "library/ubuntu"],
    ["index.docker.io/a/b", "https://registry-1.docker.io", "docker.io", "a/b"],
    ["ghcr.io/a/b:1", "https://ghcr.io", "ghcr.io", "a/b"],
    ["localhost:5000/a", "http://localhost:5000", "localhost:5000", "a"],
    ["dev.localhost/a", "http://dev.localhost", "dev.localhost", "a"],
    ["127.8.9.1/a", "http://127.8.9.1", "127.8.9.1", "a"],
    ["[::1]:80/a", "http://[::1]", "[::1]:80", "a"],
    ["10.0.0.1:5000/a", "https://10.0.0.1:5000", "10.0.0.1:5000", "a"],
    ["Example.com:443/a", "https://example.com", "Example.com:443", "a"],
  ])("%s is at %s", (ref, origin, registry, repository) => {
    expect(targetOf(ref, undefined)).toMatchObject({ origin, registry, repository });
  });

  it("speaks plain http where it is told to, and nowhere where it is told so", () => {
    expect(targetOf("reg.example/a", ["reg.example"]).origin).toBe("http://reg.example");
    expect(targetOf("reg.example:81/a", ["reg.example"]).origin).toBe("http://reg.example:81");
    expect(targetOf("other.example/a", ["reg.example"]).origin).toBe("https://other.example");
    expect(targetOf("reg.example/a", true).origin).toBe("http://reg.example");
    expect(targetOf("localhost:5000/a", false).origin).toBe("https://localhost:5000");
  });

  it("takes a registry's name, and nothing that is none", () => {
    expect(endpointOf("docker.io", undefined).origin).toBe("https://registry-1.docker.io");
    expect(() => endpointOf("library", undefined)).toThrow(/is not a registry's name/);
    expect(() => endpointOf("http://ghcr.io", undefined)).toThrow();
    expect(() => endpointOf("ghcr.io/../x", undefined)).toThrow();
  });

  it.each(["127.0.0.1.example.com", "localhost.example.com", "127.0.0.256", "1270.0.0.1", "::1"])(
    "does not take %s for this machine",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe("URLs", () => {
  const target = targetOf("ghcr.io/a/b", undefined);
  const digest = parseReference(`ghcr.io/a/b@sha256:${"0".repeat(64)}`).digest;

  it("are those of the specification", () => {
    expect(manifestUrl(target, "1.0").href).toBe("https://ghcr.io/v2/a/b/manifests/1.0");
    if (digest === undefined) throw new Error("unreachable");
    expect(blobUrl(target, digest).href).toBe(`https://ghcr.io/v2/a/b/blobs/${digest}`);
    expect(uploadsUrl(target, { mount: digest, from: "c/d" }).href).toBe(
      `https://ghcr.io/v2/a/b/blobs/uploads/?mount=sha256%3A${"0".repeat(64)}&from=c%2Fd`,
    );
  });

  it.each(["sha256:", "sha256:../../x", `sha256:${"A".repeat(64)}`, `sha256:${"0".repeat(63)}`, "md5:00"])(
    "are made of no digest like %s",
    (text) => {
      // The type says what the caller promised; this is the caller who did not keep it.
      expect(() => blobUrl(target, text as NonNullable<typeof digest>)).toThrow();
    },
  );
});

describe("resolveLocation", () => {
  const base = new URL("https://reg.example/v2/a/blobs/uploads/");

  it.each([
    ["/v2/a/blobs/uploads/1?_state=a%2Fb%3D", "https://reg.example/v2/a/blobs/uploads/1?_state=a%2Fb%3D"],
    ["https://reg.example:443/u", "https://reg.example/u"],
    ["https://other.example/u?x=1", "https://other.example/u?x=1"],
    ["u?x#fragment", "https://reg.example/v2/a/blobs/uploads/u?x"],
  ])("takes %s", (location, expected) => {
    expect(resolveLocation(location, base).href).toBe(expected);
  });

  it.each([
    ["http://reg.example/u", /X-Forwarded-Proto/],
    ["file:///etc/passwd", /file:/],
    ["https://user:secret@reg.example/u", /password in it/],
    ["https://", /not a URL/],
  ])("refuses %s", (location, message) => {
    expect(() => resolveLocation(location, base)).toThrow(message);
  });

  it("names neither the query nor the password of what it refuses", () => {
    for (const location of ["http://reg.example/u?sig=secret", "https://user:secret@reg.example/u"]) {
      expect(() => resolveLocation(location, base)).toThrow(/^((?!secret).)*$/);
    }
  });
});

describe("withParameter", () => {
  it("adds to the query and leaves what is there as it is", () => {
    expect(withParameter(new URL("https://x/u"), "digest", "sha256:0").href).toBe(
      "https://x/u?digest=sha256%3A0",
    );
    expect(withParameter(new URL("https://x/u?_state=a+b%2f~"), "digest", "sha256:0").href).toBe(
      "https://x/u?_state=a+b%2f~&digest=sha256%3A0",
    );
  });
});

describe("resolveNextPage", () => {
  const request = new URL("http://reg.example:5000/v2/a/tags/list?n=2");

  it.each([
    ["/v2/a/tags/list?n=2&last=b", "?n=2&last=b"],
    ["/v2/tags/list?last=b", "?last=b"],
    ["https://reg.example:5000/v2/a/tags/list?last=b", "?last=b"],
    ["?last=b", "?last=b"],
  ])("takes the query of %s and stays where it is", (link, search) => {
    expect(resolveNextPage(link, request).href).toBe(`http://reg.example:5000/v2/a/tags/list${search}`);
  });

  it.each([
    "http://evil.example/v2/a/tags/list?last=b",
    "http://reg.example:81/x",
    "//evil.example/x",
    "file:///x",
  ])("refuses %s", (link) => {
    expect(() => resolveNextPage(link, request)).toThrow(/another host/);
  });
});
