import { afterEach, describe, expect, it } from "vitest";
import { type TransportEngine, TransportError, type TransportEvent } from "../../src/index.ts";
import { interleave, race } from "../../src/undici/race.ts";
import { type ResolvedAddress, type UndiciTransportOptions, undiciTransport } from "../../src/undici.ts";
import { answering, RawServer } from "../raw-server.ts";

const OK = ["HTTP/1.1 200 OK", "Content-Length: 2", "", "ok"];
const v4 = (address: string): ResolvedAddress => ({ address, family: 4 });
const v6 = (address: string): ResolvedAddress => ({ address, family: 6 });
/** A network that no host has (RFC 6666): connecting fails or hangs, never succeeds. */
const DISCARDED = v6("100::1");

const engines: TransportEngine[] = [];
function engineOf(options: UndiciTransportOptions): TransportEngine {
  const engine = undiciTransport({ proxy: false, ...options });
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.close()));
});

async function statusOf(
  engine: TransportEngine,
  url: string,
  more: { origin?: string; onBehalfOf?: string } = {},
) {
  const context = more.origin === undefined ? undefined : { registry: "r", origin: more.origin, scopes: [] };
  const response = await engine({
    method: "GET",
    url: new URL(url),
    headers: {},
    context,
    onBehalfOf: more.onBehalfOf,
  });
  await response.body.discard();
  return response.status;
}

describe("addresses", () => {
  it("come from the look-up that is given, and Host keeps the name", async () => {
    await using server = await RawServer.start(answering(OK));
    const asked: string[] = [];
    const engine = engineOf({
      lookup: async (hostname, { family }) => {
        asked.push(`${hostname} ${family}`);
        return [v4("127.0.0.1")];
      },
    });
    expect(await statusOf(engine, `http://registry.test:${server.port}/`)).toBe(200);
    expect(asked).toEqual(["registry.test auto"]);
    expect(server.requests[0]).toContain(`host: registry.test:${server.port}\r\n`);
  });

  it("may be pinned by host and port, or by host alone", async () => {
    await using server = await RawServer.start(answering(OK));
    const lookup = () => Promise.reject(new Error("never asked"));
    const one = engineOf({ lookup, resolve: { [`registry.test:${server.port}`]: "127.0.0.1" } });
    const any = engineOf({ lookup, resolve: { "registry.test": ["127.0.0.1"] } });
    const other = engineOf({ lookup, resolve: { "registry.test:1": "127.0.0.1" } });
    const url = `http://registry.test:${server.port}/`;
    expect([await statusOf(one, url), await statusOf(any, url)]).toEqual([200, 200]);
    await expect(statusOf(other, url)).rejects.toMatchObject({ code: "NETWORK" });
    expect(() => engineOf({ resolve: { a: "b" } })).toThrow(TransportError);
  });

  it("that lead nowhere do not hold up one that answers", async () => {
    await using server = await RawServer.start(answering(OK));
    const engine = engineOf({ lookup: async () => [DISCARDED, v6("100::2"), v4("127.0.0.1")] });
    const startedAt = performance.now();
    expect(await statusOf(engine, `http://registry.test:${server.port}/`)).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  it("of the other family are not used where one is asked for", async () => {
    const engine = engineOf({ family: 6, lookup: async () => [v4("127.0.0.1")] });
    await expect(statusOf(engine, "http://registry.test/")).rejects.toMatchObject({
      code: "NETWORK",
      retryable: false,
      message: "registry.test has no IPv6 address",
    });
  });

  it("are asked for again for each connection, or kept and taken in turn where that is asked for", async () => {
    await using server = await RawServer.start(async (connection) => {
      await connection.request();
      connection.end("HTTP/1.1 200 OK", "Connection: close", "Content-Length: 0", "", "");
    });
    let asked = 0;
    const events: TransportEvent[] = [];
    const options: UndiciTransportOptions = {
      lookup: async () => {
        asked++;
        return [v4("127.0.0.1"), v4("127.0.0.2")];
      },
      observe: (event) => void events.push(event),
    };
    // The server listens on one of both, so that the turn shows in who is tried first.
    const kept = engineOf({ ...options, dnsCacheMs: 60_000 });
    for (let turn = 0; turn < 3; turn++) await statusOf(kept, `http://registry.test:${server.port}/`);
    expect(asked).toBe(1);
    const plain = engineOf(options);
    for (let turn = 0; turn < 3; turn++) await statusOf(plain, `http://registry.test:${server.port}/`);
    expect(asked).toBe(4);
    expect(events).toHaveLength(6);
    expect(events[0]).toMatchObject({ type: "connect", host: `registry.test:${server.port}` });
  });

  it("may start from a local one that is given", async () => {
    const callers: (string | undefined)[] = [];
    await using server = await RawServer.start(async (connection) => {
      callers.push(connection.socket.remoteAddress);
      await connection.request();
      connection.send(...OK);
    });
    const engine = engineOf({ localAddress: "127.0.0.3" });
    expect(await statusOf(engine, server.url().href)).toBe(200);
    expect(callers).toEqual(["127.0.0.3"]);
  });

  it("that all fail are one failure, which says why and that nothing was sent", async () => {
    const engine = engineOf({ lookup: async () => [v4("127.0.0.1"), v4("127.0.0.2")] });
    await expect(statusOf(engine, "http://registry.test:1/")).rejects.toMatchObject({
      code: "NETWORK",
      retryable: true,
      neverSent: true,
    });
  });

  it("that never answer end at the deadline", async () => {
    const engine = engineOf({ connectTimeoutMs: 200, lookup: () => new Promise(() => undefined) });
    await expect(statusOf(engine, "http://registry.test/")).rejects.toMatchObject({
      code: "TIMEOUT",
      neverSent: true,
    });
  });
});

describe("private addresses", () => {
  const names: Record<string, ResolvedAddress[]> = {
    "registry.test": [v4("192.0.2.1")],
    "private.test": [v4("10.0.0.1")],
    "inside.test": [v4("127.0.0.1")],
  };
  const lookup = async (name: string): Promise<ResolvedAddress[]> => names[name] ?? [];

  it("are refused, before anything is sent, where a public registry leads to them", async () => {
    await using server = await RawServer.start(answering(OK));
    const engine = engineOf({ lookup });
    for (const host of ["inside.test", "127.0.0.1", "localhost"]) {
      const url = `http://${host}:${server.port}/token`;
      names["localhost"] = [v4("127.0.0.1")];
      const refused = { code: "POLICY_REFUSED", neverSent: true, retryable: false };
      await expect(statusOf(engine, url, { origin: "https://registry.test" })).rejects.toMatchObject(refused);
      await expect(statusOf(engine, url, { onBehalfOf: "https://registry.test" })).rejects.toMatchObject(
        refused,
      );
    }
    expect(server.connections).toBe(0);
  });

  it("are refused also over a connection that another registry may use", async () => {
    await using server = await RawServer.start(answering(OK));
    const engine = engineOf({ lookup });
    const url = `http://inside.test:${server.port}/`;
    expect(await statusOf(engine, url, { origin: "https://private.test" })).toBe(200);
    await expect(statusOf(engine, url, { origin: "https://registry.test" })).rejects.toMatchObject({
      code: "POLICY_REFUSED",
    });
  });

  it("are reached at home, from a private registry, and where the option names them", async () => {
    await using server = await RawServer.start(answering(OK));
    const url = `http://inside.test:${server.port}`;
    expect(await statusOf(engineOf({ lookup }), `${url}/`, { origin: url })).toBe(200);
    expect(await statusOf(engineOf({ lookup }), `${url}/`, { origin: "https://private.test" })).toBe(200);
    for (const allowPrivate of [true, ["inside.test"], [`inside.test:${server.port}`]]) {
      const engine = engineOf({ lookup, allowPrivate });
      expect(await statusOf(engine, `${url}/`, { origin: "https://registry.test" })).toBe(200);
    }
  });
});

describe("race", () => {
  const never = new AbortController().signal;

  it("starts the next beside the first after the delay, and ends the losers", async () => {
    const ended: string[] = [];
    const winner = await race(
      ["slow", "slower", "fast"],
      (name, signal) =>
        new Promise<string>((resolve, reject) => {
          signal.addEventListener("abort", () => {
            ended.push(name);
            reject(signal.reason);
          });
          if (name === "fast") resolve(name);
        }),
      { delayMs: 10, signal: never },
    );
    expect([winner, ended]).toEqual(["fast", ["slow", "slower", "fast"]]);
  });

  it("goes on at once where one fails, and fails with all reasons", async () => {
    const failing = race([1, 2, 3], (one) => Promise.reject(one), { delayMs: 60_000, signal: never });
    await expect(failing).rejects.toMatchObject({ errors: [1, 2, 3] });
  });

  it("takes families in turn", () => {
    expect(interleave([1, 2, 3], [10])).toEqual([1, 10, 2, 3]);
  });
});
