import { describe, expect, test } from "vitest";
import { type Authenticator, type AuthRequest, withAuth } from "../src/index.ts";
import { json, scriptedTransport } from "./support/scripted-transport.ts";

const ORIGIN = "https://reg.example.com";
const context = { registry: "reg.example.com", origin: ORIGIN, scopes: ["repository:a:pull"] };
const url = new URL("/v2/a/manifests/1", ORIGIN);
const refused = {
  status: 401,
  headers: [
    ["www-authenticate", 'Bearer realm="/t"'],
    ["www-authenticate", "Basic"],
  ] as const,
  body: "why not",
};

function recording(
  answers: readonly (string | undefined)[],
): Authenticator & { readonly asked: AuthRequest[] } {
  const asked: AuthRequest[] = [];
  return {
    asked,
    authenticate(request) {
      asked.push(request);
      return Promise.resolve(answers[asked.length - 1]);
    },
  };
}

describe("any authenticator", () => {
  test("is asked before the request, and again with the challenges of each 401, of every header line", async () => {
    const network = scriptedTransport(({ headers }) =>
      headers["authorization"] === "second" ? json({}) : refused,
    );
    const authenticator = recording(["first", "second"]);
    const response = await withAuth(authenticator)(network)({
      method: "GET",
      url,
      headers: { accept: "x" },
      context,
    });
    expect(response.status).toBe(200);
    expect(
      authenticator.asked.map(({ attempt, rejected, challenges }) => [attempt, rejected, challenges.length]),
    ).toEqual([
      [0, undefined, 0],
      [1, "first", 2],
    ]);
    expect(network.requests.map(({ headers }) => headers)).toEqual([
      { accept: "x", authorization: "first" },
      { accept: "x", authorization: "second" },
    ]);
  });

  test("is told of a path beside the registry's API that takes no token, and not asked for one that takes nothing", async () => {
    const network = scriptedTransport(() => json({}));
    const authenticator = recording(["first"]);
    const transport = withAuth(authenticator)(network);
    const request = { method: "GET", url, headers: {} };
    await transport({ ...request, context: { ...context, signIn: "none" } });
    expect(authenticator.asked).toEqual([]);
    await transport({ ...request, context: { ...context, signIn: "basic" } });
    expect(authenticator.asked.map(({ signIn }) => signIn)).toEqual(["basic"]);
    expect(network.requests.map(({ headers }) => headers)).toEqual([{}, { authorization: "first" }]);
  });

  test("has two rounds, after which the 401 stands, its body unread", async () => {
    const network = scriptedTransport(() => refused);
    const authenticator = recording(["first", "second", "third"]);
    const response = await withAuth(authenticator)(network)({ method: "GET", url, headers: {}, context });
    expect(response.status).toBe(401);
    expect(new TextDecoder().decode(await response.body.bytes(100))).toBe("why not");
    expect(network.requests.length).toBe(2);
  });

  test("may give up, and the 401 stands with its body", async () => {
    const network = scriptedTransport(() => refused);
    const response = await withAuth(recording([]))(network)({ method: "GET", url, headers: {}, context });
    expect(response.status).toBe(401);
    expect(network.requests.length).toBe(1);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("why not");
  });

  test("may fail, and the request does", async () => {
    const authenticator: Authenticator = { authenticate: () => Promise.reject(new Error("SSO is down")) };
    const network = scriptedTransport(() => refused);
    await expect(
      withAuth(authenticator)(network)({ method: "GET", url, headers: {}, context }),
    ).rejects.toThrow("SSO is down");
    expect(network.requests.length).toBe(0);
  });
});

describe("the header goes to the registry's own origin alone:", () => {
  test.each([
    ["another host", "https://evil.example.com/v2/"],
    ["another port", "https://reg.example.com:8443/v2/"],
    ["plain http", "http://reg.example.com/v2/"],
  ])("not to %s, whose 401 is final", async (_, elsewhere) => {
    const network = scriptedTransport(() => refused);
    const authenticator = recording(["secret", "secret"]);
    const response = await withAuth(authenticator)(network)({
      method: "PUT",
      url: new URL(elsewhere),
      headers: { authorization: "set by the caller", accept: "x" },
      context,
    });
    expect(response.status).toBe(401);
    expect(authenticator.asked.length).toBe(0);
    expect(network.requests.map(({ headers }) => headers)).toEqual([{ accept: "x" }]);
  });

  test("a 401 from where a redirect led is final", async () => {
    const network = scriptedTransport(() => ({ ...refused, url: new URL("https://cdn.example.net/blob") }));
    const authenticator = recording(["secret", "secret"]);
    const response = await withAuth(authenticator)(network)({ method: "GET", url, headers: {}, context });
    expect(response.status).toBe(401);
    expect(authenticator.asked.length).toBe(1);
    expect(network.requests.length).toBe(1);
  });

  test("a request without context, such as one of a descriptor's own URLs, is left alone", async () => {
    const network = scriptedTransport(() => refused);
    const authenticator = recording(["secret"]);
    const response = await withAuth(authenticator)(network)({ method: "GET", url, headers: {} });
    expect(response.status).toBe(401);
    expect(authenticator.asked.length).toBe(0);
  });
});

test("a caller who sets the header has signed in already", async () => {
  const network = scriptedTransport(() => refused);
  const authenticator = recording(["secret"]);
  const headers = { authorization: "Bearer mine" };
  await withAuth(authenticator)(network)({ method: "GET", url, headers, context });
  expect(network.requests.map((request) => request.headers)).toEqual([headers]);
  expect(authenticator.asked.length).toBe(0);
});

test("no more than 64 KiB of a 401 are kept, and a body cut short is no other error", async () => {
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      await Promise.resolve();
      yield new Uint8Array(10_000).fill(0x61);
    }
  };
  const cut = async function* (): AsyncGenerator<Uint8Array> {
    yield new Uint8Array([0x61]);
    await Promise.resolve();
    throw new Error("connection reset");
  };
  for (const [body, size] of [
    [endless(), 65_536],
    [cut(), 1],
  ] as const) {
    const network = scriptedTransport(() => ({ ...refused, body }));
    const response = await withAuth(recording([]))(network)({ method: "GET", url, headers: {}, context });
    expect((await response.body.bytes(100_000)).length).toBe(size);
  }
});

test("a request of the authenticator's own has the program's name, and whoever watches sees it", async () => {
  const network = scriptedTransport(() => json({}));
  const observe = (): void => {};
  const watched: unknown[] = [];
  const authenticator: Authenticator = {
    async authenticate({ transport }) {
      await transport({ method: "GET", url: new URL("https://sso.example.net/"), headers: { accept: "x" } });
      return undefined;
    },
  };
  const seen = (request: Parameters<typeof network>[0]): ReturnType<typeof network> => {
    watched.push(request.observe);
    return network(request);
  };
  await withAuth(authenticator)(seen)({
    method: "GET",
    url,
    headers: { "user-agent": "tests/1" },
    context,
    observe,
  });
  expect(network.requests[0]?.headers).toEqual({ "user-agent": "tests/1", accept: "x" });
  expect(watched).toEqual([observe, observe]);
});
