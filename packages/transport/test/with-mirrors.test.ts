import { describe, expect, it } from "vitest";
import { parseApiPath } from "../src/api-path.ts";
import {
  compose,
  TransportError,
  type TransportEvent,
  type TransportRequest,
  withMirrors,
  withRetry,
} from "../src/index.ts";
import { fakeTransport } from "./fake-transport.ts";

const DIGEST = `sha256:${"0".repeat(64)}`;

function get(path: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return {
    method: "GET",
    url: new URL(path, "https://registry-1.docker.io"),
    headers: { authorization: "Bearer canary", "x-api-key": "canary", accept: "a/b" },
    context: {
      registry: "docker.io",
      origin: "https://registry-1.docker.io",
      scopes: ["repository:library/ubuntu:pull"],
    },
    ...more,
  };
}

const TAG = "/v2/library/ubuntu/manifests/latest";
const BY_DIGEST = `/v2/library/ubuntu/manifests/${DIGEST}`;
const BLOB = `/v2/library/ubuntu/blobs/${DIGEST}`;
const mirrors = {
  "docker.io": ["https://mirror.example/hub", { url: "https://second.example", ns: true, resolve: false }],
};

describe("withMirrors", () => {
  it("asks the first mirror, under its own name and with none of the registry's secrets", async () => {
    const transport = fakeTransport(() => ({ body: "{}" }));
    const response = await withMirrors({ mirrors })(transport)(get(TAG));
    expect(response.status).toBe(200);
    const [request] = transport.requests;
    expect(request?.url.href).toBe("https://mirror.example/v2/hub/library/ubuntu/manifests/latest");
    expect(request?.headers).toEqual({ accept: "a/b" });
    expect(request?.context).toEqual({
      registry: "mirror.example",
      origin: "https://mirror.example",
      scopes: ["repository:hub/library/ubuntu:pull"],
    });
  });

  it("falls back in order, and asks only those that may do it", async () => {
    const transport = fakeTransport(({ url }) => ({
      status: url.host === "registry-1.docker.io" ? 200 : 404,
    }));
    const send = withMirrors({ mirrors })(transport);
    await send(get(TAG));
    await send(get(BY_DIGEST));
    await send(get(BLOB, { method: "HEAD" }));
    await send(get("/v2/library/ubuntu/blobs/uploads/", { method: "POST" }));
    expect(transport.requests.map(({ method, url }) => `${method} ${url.host}${url.search}`)).toEqual([
      "GET mirror.example",
      "GET registry-1.docker.io",
      "GET mirror.example",
      "GET second.example?ns=docker.io",
      "GET registry-1.docker.io",
      "HEAD mirror.example",
      "HEAD second.example?ns=docker.io",
      "HEAD registry-1.docker.io",
      "POST registry-1.docker.io",
    ]);
    expect(transport.requests.at(-1)?.headers["authorization"]).toBe("Bearer canary");
  });

  it("asks a dead mirror once, and leaves it alone for a while", async () => {
    let now = 0;
    const events: TransportEvent[] = [];
    const transport = fakeTransport(({ url }) => {
      if (url.host === "mirror.example") throw new TransportError("NETWORK", "refused", { neverSent: true });
      return {};
    });
    const send = compose(
      transport,
      withMirrors({ mirrors: { "docker.io": ["https://mirror.example"] }, now: () => now }),
      withRetry({ sleep: async () => undefined }),
    );
    const observe = (event: TransportEvent): void => void events.push(event);
    for (let turn = 0; turn < 3; turn++) await send(get(BLOB, { observe }));
    expect(transport.requests.filter(({ url }) => url.host === "mirror.example")).toHaveLength(1);
    expect(events).toMatchObject([{ type: "mirror", reason: "https://mirror.example: refused" }]);
    now += 31_000;
    await send(get(BLOB));
    expect(transport.requests.filter(({ url }) => url.host === "mirror.example")).toHaveLength(2);
    now += 31_000;
    await send(get(BLOB));
    expect(transport.requests.filter(({ url }) => url.host === "mirror.example")).toHaveLength(2);
  });

  it("gives a silent mirror its time, and no more", async () => {
    const transport = fakeTransport(({ url, signal }) =>
      url.host === "mirror.example"
        ? new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)))
        : {},
    );
    const send = withMirrors({ mirrors: { "docker.io": ["https://mirror.example"] }, attemptTimeoutMs: 30 })(
      transport,
    );
    expect((await send(get(BLOB))).url.host).toBe("registry-1.docker.io");
    await send(get(BLOB));
    expect(transport.requests).toHaveLength(3);
  });

  it("leaves a mirror out once its body has broken off, in a sink or not", async () => {
    const breaking = (sink: boolean) =>
      fakeTransport(async (request) => {
        if (request.url.host !== "mirror.example") return { body: "whole" };
        if (sink) {
          await request.sink?.write(Buffer.from("wh"));
          throw new TransportError("TRUNCATED", "short", { received: 2 });
        }
        return { body: "wh" };
      });
    const options = { mirrors: { "docker.io": ["https://mirror.example"] } };
    const transport = breaking(true);
    const send = withMirrors(options)(transport);
    let taken = "";
    const sink = {
      write: (chunk: Uint8Array) => {
        taken += Buffer.from(chunk).toString();
      },
    };
    await expect(send(get(BLOB, { sink }))).rejects.toMatchObject({ code: "TRUNCATED", received: 2 });
    expect(taken).toBe("wh");
    expect((await send(get(BLOB))).url.host).toBe("registry-1.docker.io");
  });

  it("rejects with the caller's reason, and asks nobody else", async () => {
    const abort = new AbortController();
    const transport = fakeTransport(() => {
      abort.abort("enough");
      throw new TransportError("NETWORK", "reset");
    });
    await expect(withMirrors({ mirrors })(transport)(get(BLOB, { signal: abort.signal }))).rejects.toBe(
      "enough",
    );
    expect(transport.requests).toHaveLength(1);
  });

  it("refuses what a plan blocks, and passes by what it does not know", async () => {
    const transport = fakeTransport(() => ({}));
    const blocked = withMirrors({ mirrors: () => ({ blocked: "by test", endpoints: [] }) })(transport);
    await expect(blocked(get(TAG))).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    await withMirrors({ mirrors: { "ghcr.io": ["https://m.example"] } })(transport)(get(TAG));
    await blocked(get("/v2/"));
    expect(transport.requests.map(({ url }) => url.host)).toEqual([
      "registry-1.docker.io",
      "registry-1.docker.io",
    ]);
  });

  it("finds out the scheme of an insecure mirror, https first", async () => {
    const transport = fakeTransport(({ url }) => {
      if (url.protocol === "https:") throw new TransportError("TLS", "no TLS here");
      return {};
    });
    const endpoint = { origin: "m.lan:5000", insecure: true, resolve: true, pull: true, push: false };
    const send = withMirrors({ mirrors: () => ({ endpoints: [endpoint] }) })(transport);
    expect((await send(get(TAG))).url.href).toBe("http://m.lan:5000/v2/library/ubuntu/manifests/latest");
  });

  it("goes on at a push mirror with an upload that was opened there", async () => {
    const transport = fakeTransport(() => ({ status: 202 }));
    const send = withMirrors({ mirrors: { "docker.io": [{ url: "https://push.example", push: true }] } })(
      transport,
    );
    await send(get("/v2/library/ubuntu/blobs/uploads/", { method: "POST" }));
    await send(get("https://push.example/v2/library/ubuntu/blobs/uploads/1", { method: "PATCH" }));
    expect(transport.requests.map(({ context }) => context?.origin)).toEqual([
      "https://push.example",
      "https://push.example",
    ]);
  });
});

describe("parseApiPath", () => {
  it.each([
    ["/v2/a/manifests/b", { repository: "a", resource: "manifests", rest: "b" }],
    ["/v2/a/blobs/blobs/c", { repository: "a/blobs", resource: "blobs", rest: "c" }],
    ["/v2/manifests/tags/list", { repository: "manifests", resource: "tags", rest: "list" }],
    ["/v2/a/blobs/uploads/x", { repository: "a", resource: "blobs", rest: "uploads/x" }],
    ["/v2/", undefined],
    ["/v2/_catalog", undefined],
    ["/token", undefined],
  ])("takes %s apart", (path, expected) => {
    expect(parseApiPath(path)).toEqual(expected);
  });
});
