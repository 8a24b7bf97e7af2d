import { channel } from "node:diagnostics_channel";
import { describe, expect, it } from "vitest";
import {
  compose,
  formatEvent,
  redactUrl,
  TransportError,
  type TransportEvent,
  type TransportRequest,
  withRedirects,
  withRetry,
  withTracing,
} from "../src/index.ts";
import { fakeTransport } from "./fake-transport.ts";

function get(url: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL(url), headers: { authorization: "Bearer canary" }, ...more };
}

const types = (events: readonly TransportEvent[]): string[] => events.map(({ type }) => type);

describe("withTracing", () => {
  const transport = fakeTransport((request, index) => {
    if (index % 3 === 0) return { status: 503 };
    if (request.url.host === "r.example")
      return { status: 307, headers: { location: "https://u:canary@cdn.example/x?sig=canary" } };
    return { body: "hello" };
  });
  const send = compose(
    transport,
    withRetry({ sleep: async () => undefined }),
    withRedirects(),
    withTracing(),
  );

  it("tells a request's observer of every attempt, retry and redirect, under one id", async () => {
    const events: TransportEvent[] = [];
    const request = get("https://r.example/v2/?token=canary", { observe: (event) => events.push(event) });
    const response = await send(request);
    await response.body.bytes(5);
    const expected = "start response end retry start response end redirect start response end";
    expect(types(events).join(" ")).toBe(expected);
    expect(new Set(events.map((event) => "id" in event && event.id)).size).toBe(1);
    expect(events.at(-1)).toMatchObject({ type: "end", bytes: 5 });
    expect(JSON.stringify(events) + events.map(formatEvent).join()).not.toContain("canary");
  });

  it("publishes on diagnostics_channel", async () => {
    const seen: unknown[] = [];
    const listener = (event: unknown): void => void seen.push(event);
    const names = ["start", "response", "retry", "redirect", "end"].map((type) =>
      channel(`reg:transport:${type}`),
    );
    for (const one of names) one.subscribe(listener);
    await (await send(get("https://r.example/v2/"))).body.bytes(5);
    for (const one of names) one.unsubscribe(listener);
    expect(seen).toHaveLength(11);
  });

  it("counts what a sink takes, and what ends a request early", async () => {
    const events: TransportEvent[] = [];
    const observe = (event: TransportEvent): void => void events.push(event);
    const plain = fakeTransport(() => ({ body: "hello" }));
    await withTracing({ observe })(plain)(get("https://r.example/", { sink: { write: () => undefined } }));
    expect(events.at(-1)).toMatchObject({ type: "end", bytes: 5 });
    const empty = fakeTransport(() => ({}));
    await withTracing({ observe })(empty)(get("https://r.example/", { sink: { write: () => undefined } }));
    await withTracing({ observe })(empty)(get("https://r.example/", { method: "HEAD" }));
    expect(types(events.slice(-4))).toEqual(["end", "start", "response", "end"]);
    const failing = fakeTransport(() => {
      throw new TransportError("NETWORK", "reset");
    });
    await expect(withTracing({ observe })(failing)(get("https://r.example/"))).rejects.toThrow("reset");
    expect(events.at(-1)).toMatchObject({ type: "error", code: "NETWORK", message: "reset" });
  });
});

describe("formatEvent", () => {
  it("writes one line that no server can break", () => {
    const facts = { id: 3, method: "GET", url: "https://r.example/v2/" };
    expect(formatEvent({ type: "response", status: 401, durationMs: 31.4, ...facts })).toBe(
      "#3 GET https://r.example/v2/ 401 in 31 ms",
    );
    const hostile = formatEvent({
      type: "error",
      code: "X",
      message: "\u001b[2J\r\n\u202e\u009b",
      durationMs: 0,
      ...facts,
    });
    expect(hostile).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe("redactUrl", () => {
  it.each([
    [
      "https://u:canary@r.example/a?X-Amz-Signature=canary&n=5#canary",
      "https://r.example/a?X-Amz-Signature=…&n=5",
    ],
    [
      "https://r.example/v2/a/blobs/uploads/?mount=sha256%3Aab&from=b",
      "https://r.example/v2/a/blobs/uploads/?mount=sha256%3Aab&from=b",
    ],
    ["https://r.example/", "https://r.example/"],
  ])("shows %s as %s", (url, shown) => {
    expect(redactUrl(new URL(url))).toBe(shown);
  });
});
