import { afterEach, describe, expect, it, vi } from "vitest";
import {
  compose,
  emptyBody,
  responseHeaders,
  type Transport,
  type TransportRequest,
  withThrottle,
} from "../src/index.ts";

afterEach(() => {
  vi.useRealTimers();
});

const sink = { write: () => undefined };

/** A transport whose answers wait until they are let go. */
function held(status = 200) {
  const running: { request: TransportRequest; answer: () => void }[] = [];
  const transport: Transport = (request) =>
    new Promise((resolve) => {
      const answer = (): void =>
        resolve({ status, headers: responseHeaders([]), url: request.url, body: emptyBody() });
      running.push({ request, answer });
    });
  return { running, transport };
}

function get(path: string, more: Partial<TransportRequest> = {}): TransportRequest {
  return { method: "GET", url: new URL(path, "https://registry.example"), headers: {}, ...more };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const paths = (list: { request: TransportRequest }[]): string[] =>
  list.map(({ request }) => request.url.pathname);

describe("withThrottle", () => {
  it("lets small downloads past large ones, and bounds both", async () => {
    const { running, transport } = held();
    const send = compose(transport, withThrottle({ perHost: 3, largePerHost: 1 }));
    const all = [
      send(get("/large1", { sink })),
      send(get("/large2", { sink })),
      send(get("/small1", { sink, expectedSize: 10 })),
      send(get("/small2", { sink, expectedSize: 10 })),
      send(get("/small3", { sink, expectedSize: 10 })),
    ];
    await tick();
    expect(paths(running)).toEqual(["/large1", "/small1", "/small2"]);
    running[1]?.answer();
    await tick();
    expect(paths(running)[3]).toBe("/small3");
    running[0]?.answer();
    await tick();
    expect(paths(running)[4]).toBe("/large2");
    for (const { answer } of running) answer();
    await Promise.all(all);
  });

  it("keeps downloads and uploads apart, so that neither waits for the other", async () => {
    const { running, transport } = held();
    const send = compose(transport, withThrottle({ perHost: 1 }));
    const body = { size: 1, open: async function* () {} };
    const all = [
      send(get("/down", { sink })),
      send(get("/up", { method: "PUT", body })),
      send(get("/plain")),
    ];
    await tick();
    expect(paths(running)).toEqual(["/down", "/up", "/plain"]);
    for (const { answer } of running) answer();
    await Promise.all(all);
  });

  it("halves what is in flight after a 429, and grows again with success", async () => {
    let status = 429;
    let running = 0;
    let most = 0;
    const transport: Transport = async (request) => {
      most = Math.max(most, ++running);
      await tick();
      running--;
      return { status, headers: responseHeaders([]), url: request.url, body: emptyBody() };
    };
    const send = compose(transport, withThrottle({ perHost: 8, now: () => 5_000 }));
    await send(get("/"));
    const burst = async (): Promise<number> => {
      most = 0;
      await Promise.all(Array.from({ length: 16 }, () => send(get("/"))));
      return most;
    };
    expect(await burst()).toBe(4);
    status = 200;
    for (let turn = 0; turn < 8; turn++) await burst();
    expect(await burst()).toBe(8);
  });

  it("begins with 24 at a time, and makes room up to 64 as answers come", async () => {
    let running = 0;
    let most = 0;
    const transport: Transport = async (request) => {
      most = Math.max(most, ++running);
      await tick();
      running--;
      return { status: 200, headers: responseHeaders([]), url: request.url, body: emptyBody() };
    };
    const send = compose(transport, withThrottle());
    const first = Promise.all(Array.from({ length: 30 }, () => send(get("/"))));
    await Promise.resolve();
    expect(running).toBe(24);
    await first;
    await Promise.all(Array.from({ length: 300 }, () => send(get("/"))));
    expect(most).toBe(64);
  });

  it("keeps to the rate it is given", async () => {
    vi.useFakeTimers();
    let started = 0;
    const transport: Transport = async (request) => {
      started += 1;
      return { status: 200, headers: responseHeaders([]), url: request.url, body: emptyBody() };
    };
    const send = compose(transport, withThrottle({ rate: { requests: 2, perMs: 200 } }));
    const sent = Promise.all([1, 2, 3, 4].map(() => send(get("/"))));
    const seen: number[] = [];
    for (const passedMs of [0, 90, 20, 70, 30]) {
      await vi.advanceTimersByTimeAsync(passedMs);
      seen.push(started);
    }
    await sent;
    // Two at once, and then one every 100 ms.
    expect(seen).toEqual([2, 2, 3, 3, 4]);
  });

  it("leaves the queue when the caller aborts, with the caller's reason", async () => {
    const { running, transport } = held();
    const send = compose(transport, withThrottle({ perHost: 1 }));
    const first = send(get("/first"));
    const abort = new AbortController();
    const second = send(get("/second", { signal: abort.signal }));
    const third = send(get("/third"));
    abort.abort("enough");
    await expect(second).rejects.toBe("enough");
    running[0]?.answer();
    await first;
    await tick();
    expect(paths(running)).toEqual(["/first", "/third"]);
    running[1]?.answer();
    await third;
  });
});
