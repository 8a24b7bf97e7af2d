import { expect, test } from "vitest";
import {
  type Credential,
  chain,
  createAuthenticator,
  memoryCredentialStore,
  withAuth,
} from "../src/index.ts";
import { kubernetesStore } from "../src/node.ts";
import { REALM, REGISTRY, send, tokenRegistry } from "./support/registry.ts";
import { json, scriptedTransport } from "./support/scripted-transport.ts";

const PULL = ["repository:team/app:pull"];
const PATH = "/v2/team/app/manifests/1";
const TOKEN_HOST = new URL(REALM).host;

function basic(pair: string): string {
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

/** A pull secret with three entries that match, the most specific one first. */
function withSecret() {
  const auths = {
    [`${REGISTRY}/team`]: { username: "team", password: "p" },
    [REGISTRY]: { username: "host", password: "p" },
    "*.example.com": { username: "any", password: "p" },
  };
  return createAuthenticator({
    credentials: chain(memoryCredentialStore(), kubernetesStore({ json: JSON.stringify({ auths }) })),
  });
}

test("where the token server refuses one credential, the next of the same store is tried", async () => {
  const network = tokenRegistry({
    token: ({ headers }) =>
      headers["authorization"] === basic("any:p") ? json({ token: "t" }) : json({}, 401),
  });
  const authenticator = withSecret();
  expect((await send(network, authenticator, PATH, PULL)).status).toBe(200);
  expect(network.to(TOKEN_HOST).map(({ headers }) => headers["authorization"])).toEqual([
    basic("team:p"),
    basic("host:p"),
    basic("any:p"),
  ]);
});

test("the refusal is told when the last of them is refused too", async () => {
  const network = tokenRegistry({ token: () => json({}, 401) });
  await expect(send(network, withSecret(), PATH, PULL)).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  expect(network.to(TOKEN_HOST)).toHaveLength(3);
});

test("what is no refusal ends the search: no other secret is shown to a server that is down", async () => {
  const network = tokenRegistry({ token: () => json({}, 503) });
  await expect(send(network, withSecret(), PATH, PULL)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(network.to(TOKEN_HOST)).toHaveLength(1);
});

test("a registry of Basic gets the second name and password after it refused the first, and no third", async () => {
  const network = scriptedTransport(({ headers }) =>
    headers["authorization"] === basic("host:p")
      ? json({})
      : { status: 401, headers: [["www-authenticate", 'Basic realm="x"']] },
  );
  expect((await send(network, withSecret(), PATH, PULL)).status).toBe(200);
  expect(network.requests.map(({ headers }) => headers["authorization"])).toEqual([
    undefined,
    basic("team:p"),
    basic("host:p"),
  ]);
  const closed = scriptedTransport(() => ({ status: 401, headers: [["www-authenticate", "Basic realm=x"]] }));
  expect((await send(closed, withSecret(), PATH, PULL)).status).toBe(401);
  expect(closed.requests).toHaveLength(3);
});

test("a store that tells none apart is asked as ever", async () => {
  const one: Credential = { username: "host", password: "p" };
  const network = tokenRegistry();
  const credentials = chain({ get: () => Promise.resolve(one) });
  expect((await send(network, createAuthenticator({ credentials }), PATH, PULL)).status).toBe(200);
  expect(network.to(TOKEN_HOST)[0]?.headers["authorization"]).toBe(basic("host:p"));
});

test("a path that takes no token gets the account itself once it answers 401, with or without a challenge, and no token server is asked", async () => {
  const network = scriptedTransport(({ headers }) =>
    headers["authorization"] === basic("host:p") ? json({}) : { status: 401 },
  );
  const transport = withAuth(withSecret())(network);
  const url = new URL("/api/v2.0/projects", `https://${REGISTRY}`);
  const context = { registry: REGISTRY, origin: url.origin, scopes: PULL, signIn: "basic" as const };
  expect((await transport({ method: "GET", url, headers: {}, context })).status).toBe(200);
  expect(network.requests.map(({ headers }) => headers["authorization"])).toEqual([
    undefined,
    basic("team:p"),
    basic("host:p"),
  ]);
  expect(new Set(network.requests.map((request) => request.url.href))).toEqual(new Set([url.href]));
});

test("a path that takes no token stays shut to who has nothing but one", async () => {
  const network = scriptedTransport(() => ({ status: 401 }));
  const credentials = memoryCredentialStore();
  await credentials.set?.({ registry: REGISTRY }, { registryToken: "secret" });
  const transport = withAuth(createAuthenticator({ credentials }))(network);
  const url = new URL("/api/v2.0/projects", `https://${REGISTRY}`);
  const context = { registry: REGISTRY, origin: url.origin, scopes: PULL, signIn: "basic" as const };
  expect((await transport({ method: "GET", url, headers: {}, context })).status).toBe(401);
  expect(network.requests.map(({ headers }) => headers)).toEqual([{}]);
});
