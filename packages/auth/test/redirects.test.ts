import { compose, withRedirects } from "@reg/transport";
import { expect, test } from "vitest";
import { createAuthenticator, staticCredentials, withAuth } from "../src/index.ts";
import { REALM, REGISTRY } from "./support/registry.ts";
import {
  bearer,
  json,
  type Recorded,
  type ScriptedAnswer,
  scriptedTransport,
} from "./support/scripted-transport.ts";

const TOKEN_HOST = new URL(REALM).host;
const BLOB = "https://cdn.example.net/blob?X-Signature=canary";
const credentials = staticCredentials({ "*": { username: "me", password: "canary" } });

/** A registry in token mode that redirects what it serves; other hosts answer by `elsewhere`. */
function network(
  elsewhere: (request: Recorded) => ScriptedAnswer,
  options: { token?: ScriptedAnswer; location?: string } = {},
) {
  return scriptedTransport((request) => {
    const { host } = request.url;
    if (host === TOKEN_HOST && request.url.pathname === "/token")
      return options.token ?? json({ token: "canary-token" });
    if (host !== REGISTRY) return elsewhere(request);
    if (request.headers["authorization"] !== "Bearer canary-token") return bearer(REALM);
    return { status: 307, headers: [["location", options.location ?? BLOB]] };
  });
}

function pull(engine: ReturnType<typeof network>) {
  const url = new URL(`https://${REGISTRY}/v2/a/blobs/sha256:0`);
  const transport = compose(engine, withAuth(createAuthenticator({ credentials })), withRedirects());
  return transport({
    method: "GET",
    url,
    headers: { "x-api-key": "canary" },
    context: { registry: REGISTRY, origin: url.origin, scopes: ["repository:a:pull"] },
  });
}

function secretsSentTo(engine: ReturnType<typeof network>, host: string): string[] {
  return engine
    .to(host)
    .flatMap(({ headers, body }) => [...Object.values(headers), body])
    .filter((text) => text.includes("canary"));
}

test("a signed URL gets no second credential", async () => {
  const engine = network(({ headers }) =>
    headers["authorization"] === undefined ? json({}) : { status: 400 },
  );
  expect((await pull(engine)).status).toBe(200);
  expect(secretsSentTo(engine, "cdn.example.net")).toEqual([]);
  expect(engine.to(TOKEN_HOST).map(({ headers }) => headers["x-api-key"])).toEqual([undefined]);
});

test.each([
  ["Bearer", bearer("https://cdn.example.net/steal")],
  ["Basic", { status: 401, headers: [["www-authenticate", "Basic"]] as const }],
])("a %s challenge from where a redirect led is final", async (_, answer) => {
  const engine = network(() => answer);
  expect((await pull(engine)).status).toBe(401);
  expect(engine.to("cdn.example.net").length).toBe(1);
  expect(secretsSentTo(engine, "cdn.example.net")).toEqual([]);
});

test("another port of the same host is another origin", async () => {
  const engine = network(() => json({}), { location: `https://${REGISTRY}:8443/blob` });
  expect((await pull(engine)).status).toBe(200);
  expect(secretsSentTo(engine, `${REGISTRY}:8443`)).toEqual([]);
});

test("a token server's redirect to another host goes without the password", async () => {
  const token = { status: 302, headers: [["location", "https://other.example.com/token"]] as const };
  const engine = network(
    ({ url }) => (url.host === "other.example.com" ? json({ token: "canary-token" }) : json({})),
    { token },
  );
  expect((await pull(engine)).status).toBe(200);
  expect(engine.to("other.example.com").length).toBe(1);
  expect(secretsSentTo(engine, "other.example.com")).toEqual([]);
});

test.each(["https://10.0.0.1/token", "https://169.254.169.254/", "http://auth.example.com/token"])(
  "a token server's redirect to %s is refused",
  async (location) => {
    const engine = network(() => json({ token: "x" }), {
      token: { status: 302, headers: [["location", location]] },
    });
    await expect(pull(engine)).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(engine.requests.some(({ url }) => url.href === location)).toBe(false);
  },
);

test("a redirected POST is not followed with the refresh token in it", async () => {
  const engine = network(() => json({ token: "canary-token" }), {
    token: { status: 307, headers: [["location", "https://other.example.com/token"]] },
  });
  const url = new URL(`https://${REGISTRY}/v2/a/manifests/1`);
  const identity = createAuthenticator({
    credentials: staticCredentials({ "*": { identityToken: "canary" } }),
  });
  const request = compose(
    engine,
    withAuth(identity),
    withRedirects(),
  )({
    method: "GET",
    url,
    headers: {},
    context: { registry: REGISTRY, origin: url.origin, scopes: [] },
  });
  await expect(request).rejects.toMatchObject({ code: "PROTOCOL" });
  expect(engine.to("other.example.com")).toEqual([]);
});
