import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseNoProxy } from "../src/index.ts";
import { proxyRules } from "../src/undici/proxy-rules.ts";

describe("parseNoProxy", () => {
  it.each([
    ["*", "https://anything.example/"],
    ["example.com", "https://example.com/"],
    ["example.com", "https://a.b.EXAMPLE.com./"],
    [".example.com", "https://a.example.com/"],
    ["*.example.com", "https://a.example.com/"],
    ["example.com:5000", "https://example.com:5000/"],
    ["example.com:443", "https://example.com/"],
    ["10.0.0.0/8", "https://10.200.0.1/"],
    ["fd00::/8", "https://[fd12::1]/"],
    ["[::1]:8443", "https://[::1]:8443/"],
    ["::1", "https://[0:0::1]/"],
    ["10.1.2.3", "https://10.1.2.3:8443/"],
    ["a.example b.example,,c.example", "https://b.example/"],
  ])("%s lets %s go directly", (entries, url) => {
    expect(parseNoProxy(entries)(new URL(url))).toBe(true);
  });

  it.each([
    ["", "https://example.com/"],
    ["example.com", "https://notexample.com/"],
    [".example.com", "https://example.com/"],
    ["*.example.com", "https://example.com/"],
    ["example.com:5000", "https://example.com/"],
    ["10.0.0.0/8", "https://11.0.0.1/"],
    ["10.0.0.0/99", "https://10.0.0.1/"],
    ["10.0.0.0/8", "https://10.example/"],
  ])("%s does not let %s go directly", (entries, url) => {
    expect(parseNoProxy(entries)(new URL(url))).toBe(false);
  });

  it("takes any text", () => {
    fc.assert(
      fc.property(
        fc.string(),
        (text) => typeof parseNoProxy(text)(new URL("https://a.example/")) === "boolean",
      ),
    );
  });
});

describe("proxyRules", () => {
  const https = new URL("https://registry.example/");
  const http = new URL("http://registry.example/");

  it("reads the environment, the lower-case form first", () => {
    const rules = proxyRules(
      {},
      { HTTPS_PROXY: "http://upper:1", https_proxy: "http://lower:2", HTTP_PROXY: "plain:3" },
    );
    expect([rules(https)?.host, rules(http)?.href]).toEqual(["lower:2", "http://plain:3/"]);
    expect(rules(new URL("https://localhost:5000/"))).toBeUndefined();
  });

  it("does not trust HTTP_PROXY in a CGI program", () => {
    expect(proxyRules({}, { HTTP_PROXY: "http://evil:1", REQUEST_METHOD: "GET" })(http)).toBeUndefined();
  });

  it("lets options rule over the environment", () => {
    const environment = { HTTPS_PROXY: "http://env:1", NO_PROXY: "registry.example" };
    expect(proxyRules({ proxy: false }, environment)(https)).toBeUndefined();
    expect(proxyRules({ proxy: "http://own:2", noProxy: [] }, environment)(https)?.host).toBe("own:2");
    expect(proxyRules({ proxy: "http://own:2" }, environment)(https)).toBeUndefined();
  });

  it.each(["socks5://user:canary@host", "http://:canary@"])("refuses %s without showing it", (proxy) => {
    expect(() => proxyRules({ proxy })).toThrow(
      /^The option `proxy` is not the URL of an http or https proxy$/,
    );
  });
});
