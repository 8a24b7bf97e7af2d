import { describe, expect, test } from "vitest";
import { AuthError, createAuthenticator, staticCredentials } from "../src/index.ts";
import { REALM, REGISTRY, tokenRegistry } from "./support/registry.ts";
import { bearer, json, scriptedTransport } from "./support/scripted-transport.ts";

const PULL = ["repository:team/app:pull"];
const url = new URL(`https://${REGISTRY}/v2/team/app/manifests/1`);
const credentials = staticCredentials({ [REGISTRY]: { username: "alice", password: "canary" } });

describe("an explanation", () => {
  test("tells each step of a success, and no secret", async () => {
    const network = tokenRegistry({ token: () => json({ token: "canary-token", expires_in: 300 }) });
    const told = await createAuthenticator({ credentials }).explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: network,
    });
    expect(told).toMatchObject({
      allowed: true,
      status: 200,
      credential: { type: "password", username: "alice", source: "static credentials" },
    });
    expect(told.events.map(({ kind }) => kind)).toEqual([
      "lookup",
      "authorization",
      "challenge",
      "token-request",
      "token",
      "authorization",
      "answer",
    ]);
    expect(told.events[0]).toMatchObject({
      store: "static credentials",
      key: REGISTRY,
      found: "password",
      username: "alice",
    });
    expect(told.events[3]).toMatchObject({
      method: "GET",
      realm: REALM,
      service: "svc",
      scopes: PULL,
      as: "password",
      username: "alice",
    });
    expect(told.events[4]).toMatchObject({ lifetimeSeconds: 300 });
    expect(JSON.stringify(told)).not.toContain("canary");
  });

  test("signs in afresh whatever is cached", async () => {
    const network = tokenRegistry();
    const authenticator = createAuthenticator({ credentials });
    for (let round = 1; round <= 2; round += 1) {
      await authenticator.explain({
        registry: REGISTRY,
        url,
        scopes: PULL,
        transport: network,
        method: "HEAD",
      });
      expect(network.to(new URL(REALM).host).length).toBe(round);
    }
    expect(network.requests[0]?.method).toBe("HEAD");
  });

  test("says why the token server refused", async () => {
    const network = tokenRegistry({ token: () => json({ details: "incorrect username or password" }, 401) });
    const told = await createAuthenticator({ credentials }).explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: network,
    });
    expect(told).toMatchObject({ allowed: false, status: 401 });
    expect(told.reason).toContain("incorrect username or password");
    expect(told.events.at(-1)).toMatchObject({ kind: "refusal", code: "UNAUTHENTICATED" });
  });

  test("says that a token grants less than was asked for", async () => {
    const network = tokenRegistry({ accepts: () => false });
    const told = await createAuthenticator().explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: network,
    });
    expect(told).toMatchObject({ allowed: false, status: 401 });
    expect(told.reason).toContain("repository:team/app:pull anonymously");
  });

  test("names the rule that refused, and the option", async () => {
    const network = scriptedTransport(() => bearer("https://sso.example.net/token"));
    const told = await createAuthenticator({ credentials }).explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: network,
    });
    expect(told.allowed).toBe(false);
    expect(told.reason).toContain('realms: { "reg.example.com"');
    expect(told.events.at(-1)).toMatchObject({ kind: "refusal", code: "POLICY_REFUSED" });
  });

  test("tells of a store that failed, though the anonymous try went well", async () => {
    const failing = {
      get: () => Promise.reject(new AuthError("HELPER_FAILED", "docker-credential-x is not installed")),
    };
    const told = await createAuthenticator({ credentials: failing }).explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: tokenRegistry(),
    });
    expect(told.allowed).toBe(true);
    expect(told.failure).toBe("docker-credential-x is not installed");
  });

  test.each([
    [200, /without asking/],
    [403, /refused/],
    [404, /nothing by that name/],
    [500, /500/],
  ])("puts a plain %i into words", async (status, words) => {
    const network = scriptedTransport(() => ({ status }));
    const told = await createAuthenticator().explain({
      registry: REGISTRY,
      url,
      scopes: PULL,
      transport: network,
    });
    expect(told.reason).toMatch(words);
    expect(told.allowed).toBe(status === 200);
  });
});
