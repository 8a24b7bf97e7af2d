import { describe, expect, it } from "vitest";
import { probeScheme, TransportError, usesPlainHttp } from "../src/index.ts";
import { fakeTransport } from "./fake-transport.ts";

describe("usesPlainHttp", () => {
  it.each([
    ["localhost:5000", undefined, true],
    ["127.0.0.1", undefined, true],
    ["[::1]:5000", undefined, true],
    ["a.localhost", undefined, true],
    ["registry.lan:5000", undefined, false],
    ["10.0.0.1:5000", undefined, false],
    ["registry.lan:5000", ["registry.lan:5000"], true],
    ["registry.lan:5000", ["registry.lan"], true],
    ["registry.lan:5001", ["registry.lan:5000"], false],
    ["localhost:5000", [], true],
    ["localhost:5000", false, false],
    ["registry.lan", true, true],
  ])("decides for %s with %j: %s", (registry, plainHttp, expected) => {
    expect(usesPlainHttp(registry, plainHttp)).toBe(expected);
  });
});

describe("probeScheme", () => {
  const answering = (...schemes: string[]) =>
    fakeTransport(({ url }) => {
      if (!schemes.includes(url.protocol)) throw new TransportError("TLS", `no ${url.protocol}`);
      return { status: 401 };
    });

  it("asks both at once, and takes https where it answers", async () => {
    const both = answering("https:", "http:");
    expect(await probeScheme(both, "registry.lan:5000")).toBe("https");
    expect(both.requests).toHaveLength(2);
    expect(await probeScheme(answering("https:"), "registry.lan")).toBe("https");
    expect(await probeScheme(answering("http:"), "registry.lan")).toBe("http");
  });

  it("fails with what https says where neither answers", async () => {
    await expect(probeScheme(answering(), "registry.lan")).rejects.toThrow("no https:");
  });
});
