import { describe, expect, it } from "vitest";
import { type TransportRequest, withRedirects } from "../src/index.ts";
import { fakeTransport } from "./fake-transport.ts";

const HOME = "https://registry.example/v2/a/blobs/sha256:1";

function get(more: Partial<TransportRequest> = {}): TransportRequest {
  const headers = {
    authorization: "Bearer canary",
    "x-api-key": "canary",
    cookie: "canary",
    accept: "*/*",
    range: "bytes=1-",
  };
  const context = { registry: "registry.example", origin: "https://registry.example", scopes: [] };
  return { method: "GET", url: new URL(HOME), headers, context, ...more };
}

function leadingTo(...locations: (string | undefined)[]) {
  return fakeTransport((_request, index) => {
    if (index >= locations.length) return { body: "blob" };
    const location = locations[index];
    return { status: 307, ...(location === undefined ? {} : { headers: { location } }) };
  });
}

describe("withRedirects", () => {
  it("leaves secrets and custom fields behind when the origin changes, and does not take them up again", async () => {
    const transport = leadingTo("https://cdn.example/x?sig=1", HOME);
    const response = await withRedirects()(transport)(get());
    expect(response.url.href).toBe(HOME);
    expect(transport.requests[1]?.headers).toEqual({ accept: "*/*", range: "bytes=1-" });
    expect(transport.requests[2]?.headers).toEqual({ accept: "*/*", range: "bytes=1-" });
  });

  it.each(["https://registry.example:8443/x", "https://sub.registry.example/x"])(
    "counts scheme, host and port as the origin: %s",
    async (location) => {
      const transport = leadingTo(location);
      await withRedirects()(transport)(get());
      expect(JSON.stringify(transport.requests[1]?.headers)).not.toContain("canary");
    },
  );

  it.each(["/other", "https://REGISTRY.example:443/other"])(
    "keeps them on the same origin: %s",
    async (location) => {
      const transport = leadingTo(location);
      const response = await withRedirects()(transport)(get());
      expect(transport.requests[1]?.headers).toEqual(get().headers);
      expect(response.url.href).toBe("https://registry.example/other");
    },
  );

  it("refuses to go from https to http, and asks nothing there", async () => {
    const transport = leadingTo("http://registry.example/x");
    await expect(withRedirects()(transport)(get())).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(transport.requests).toHaveLength(1);
  });

  it.each([
    "https://127.0.0.1/x",
    "https://[::1]/x",
    "https://169.254.169.254/x",
    "https://10.0.0.1/",
    "https://localhost/",
    "https://[::ffff:10.0.0.1]/",
    "https://2130706433/",
  ])("refuses a private address when the registry is public: %s", async (location) => {
    const transport = leadingTo(location);
    await expect(withRedirects()(transport)(get())).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(transport.requests).toHaveLength(1);
  });

  it("follows a private registry to another private address", async () => {
    const context = { registry: "localhost:5000", origin: "http://localhost:5000", scopes: [] };
    const transport = leadingTo("http://127.0.0.1:9000/bucket");
    const response = await withRedirects()(transport)(
      get({ url: new URL("http://localhost:5000/v2/"), context }),
    );
    expect(response.status).toBe(200);
  });

  it.each([
    ["no Location", [undefined]],
    ["an empty Location", [""]],
    ["file:", ["file:///etc/passwd"]],
    ["something that is no URL", ["https://[nonsense"]],
    ["a loop", Array.from({ length: 20 }, () => HOME)],
    ["six hops", Array.from({ length: 6 }, (_, index) => `/hop${index}`)],
  ])("fails as PROTOCOL on %s", async (_what, locations) => {
    const transport = leadingTo(...locations);
    await expect(withRedirects()(transport)(get())).rejects.toMatchObject({ code: "PROTOCOL" });
    expect(transport.requests.length).toBeLessThanOrEqual(6);
  });

  it("follows five hops, without userinfo and fragment", async () => {
    const transport = leadingTo("/1", "/2", "/3", "/4", "https://u:p@cdn.example/5#x");
    const response = await withRedirects()(transport)(get());
    expect(response.url.href).toBe("https://cdn.example/5");
  });

  it.each(["POST", "PUT", "PATCH", "DELETE"])("hands on what %s is answered", async (method) => {
    const transport = leadingTo("https://cdn.example/");
    expect((await withRedirects()(transport)(get({ method }))).status).toBe(307);
    expect(transport.requests).toHaveLength(1);
  });

  it("asks a HEAD again as GET where the target signs for GET alone", async () => {
    const transport = fakeTransport((request, index) => {
      if (index === 0) return { status: 307, headers: { location: "https://cdn.example/x?sig=1" } };
      return request.method === "HEAD"
        ? { status: 403 }
        : { headers: { "content-length": "4" }, body: "blob" };
    });
    const response = await withRedirects()(transport)(get({ method: "HEAD" }));
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe("4");
    expect((await response.body.bytes(10)).byteLength).toBe(0);
    expect(transport.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD", "GET"]);
  });

  it("shows no query of a signed URL in what it says", async () => {
    const transport = leadingTo("http://cdn.example/x?X-Amz-Signature=canary");
    await expect(withRedirects()(transport)(get())).rejects.toSatisfy(
      (error) => !String(error).includes("canary"),
    );
  });
});
