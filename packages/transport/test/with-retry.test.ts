import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  parseRetryAfter,
  type RetryOptions,
  TransportError,
  type TransportRequest,
  withRetry,
} from "../src/index.ts";
import { type Answer, fakeTransport } from "./fake-transport.ts";

function get(more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL("https://registry.example/v2/a/manifests/b"), headers: {}, ...more };
}

function retrying(answer: (index: number) => Answer, options: RetryOptions = {}) {
  const delays: number[] = [];
  const transport = fakeTransport((_request, index) => answer(index));
  const send = withRetry({
    random: () => 1,
    now: () => Date.parse("Sun, 06 Nov 1994 08:49:00 GMT"),
    sleep: async (delay) => {
      delays.push(delay);
    },
    ...options,
  })(transport);
  return { delays, requests: transport.requests, send };
}

const failing = (error: unknown) => (): Answer => {
  throw error;
};

describe("withRetry", () => {
  it("tries five times, doubling the ceiling of the delay, and hands on the last answer", async () => {
    const { delays, requests, send } = retrying(() => ({ status: 503, body: "busy" }));
    const response = await send(get());
    expect(response.status).toBe(503);
    expect(Buffer.from(await response.body.bytes(10)).toString()).toBe("busy");
    expect(delays).toEqual([250, 500, 1_000, 2_000]);
    expect(requests).toHaveLength(5);
  });

  it.each([408, 429, 500, 502, 503, 504])("takes %i for something that may pass", async (status) => {
    const { send } = retrying((index) => ({ status: index === 0 ? status : 200 }));
    expect((await send(get())).status).toBe(200);
  });

  it.each([200, 206, 301, 400, 401, 403, 404, 405, 416, 501])("hands %i on at once", async (status) => {
    const { requests, send } = retrying(() => ({ status }));
    expect((await send(get())).status).toBe(status);
    expect(requests).toHaveLength(1);
  });

  it("spreads delays over the whole of their range, and never beyond the cap", async () => {
    const { delays, send } = retrying(() => ({ status: 500 }), { random: () => 0.5, attempts: 10 });
    await send(get());
    expect(delays).toEqual([125, 250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
  });

  it.each([
    ["3", 3_000],
    ["0", 0],
    ["99999999", 60_000],
    ["9".repeat(400), 60_000],
    ["Sun, 06 Nov 1994 08:49:37 GMT", 37_000],
    ["Sunday, 06-Nov-94 08:49:37 GMT", 37_000],
    ["Sun Nov  6 08:49:37 1994", 37_000],
    ["Sun, 06 Nov 1984 08:49:37 GMT", 0],
    ["Sun, 06 Nov 2094 08:49:37 GMT", 60_000],
    ["-1", 250],
    ["1e9", 250],
    ["soon", 250],
    ["", 250],
  ])("waits after Retry-After %j for %i ms", async (value, expected) => {
    const { delays, send } = retrying((index) => ({
      status: index === 0 ? 429 : 200,
      headers: { "retry-after": value },
    }));
    await send(get());
    expect(delays).toEqual([expected]);
  });

  it("keeps Retry-After within 0 and 60 s whatever it says", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.integer().map(String),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (value) => {
          const delay = parseRetryAfter(value, 0);
          expect(delay === undefined || (delay >= 0 && delay <= 60_000)).toBe(true);
        },
      ),
    );
  });

  it("tries again after a connection failure, but a deadline only once more", async () => {
    const network = retrying(failing(new TransportError("NETWORK", "reset")));
    await expect(network.send(get())).rejects.toMatchObject({ code: "NETWORK" });
    expect(network.requests).toHaveLength(5);
    const timeout = retrying(failing(new TransportError("TIMEOUT", "slow")));
    await expect(timeout.send(get())).rejects.toMatchObject({ code: "TIMEOUT" });
    expect(timeout.requests).toHaveLength(2);
  });

  it.each([
    ["a protocol error", new TransportError("PROTOCOL", "garbage")],
    ["a refusal by policy", new TransportError("POLICY_REFUSED", "private")],
    ["a body that broke", new TransportError("TRUNCATED", "short", { received: 0 })],
    ["what the caller's own code threw", new Error("disk full")],
  ])("does not repeat %s", async (_what, error) => {
    const { requests, send } = retrying(failing(error));
    await expect(send(get())).rejects.toBe(error);
    expect(requests).toHaveLength(1);
  });

  const upload = new URL("https://registry.example/v2/a/blobs/uploads/1?digest=x");
  it.each([
    ["POST", {}],
    ["PATCH", {}],
    ["PUT", { url: upload }],
    ["DELETE", { url: upload }],
    ["PUT", { idempotent: false }],
  ])("never repeats %s %o blindly", async (method, more) => {
    const request = get({ method, ...more });
    const lost = retrying(failing(new TransportError("NETWORK", "reset")));
    await expect(lost.send(request)).rejects.toMatchObject({ code: "NETWORK" });
    expect(lost.requests).toHaveLength(1);
    const broken = retrying(() => ({ status: 503 }));
    expect((await broken.send(request)).status).toBe(503);
    expect(broken.requests).toHaveLength(1);
    const limited = retrying((index) => ({ status: index === 0 ? 429 : 202 }));
    expect((await limited.send(request)).status).toBe(202);
    const unsent = retrying(failing(new TransportError("NETWORK", "refused", { neverSent: true })));
    await expect(unsent.send(request)).rejects.toMatchObject({ code: "NETWORK" });
    expect(unsent.requests).toHaveLength(5);
  });

  it("stops waiting when the caller aborts, with the caller's reason", async () => {
    const abort = new AbortController();
    const send = withRetry()(fakeTransport(() => ({ status: 503, headers: { "retry-after": "60" } })));
    const sending = send(get({ signal: abort.signal }));
    setTimeout(() => abort.abort("enough"), 10);
    await expect(sending).rejects.toBe("enough");
  });
});
