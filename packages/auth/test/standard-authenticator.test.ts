import { describe, expect, test } from "vitest";
import {
  AuthError,
  type CachedToken,
  type Credential,
  type CredentialStore,
  createAuthenticator,
  isAuthError,
  staticCredentials,
} from "../src/index.ts";
import { REALM, REGISTRY, send, tokenRegistry } from "./support/registry.ts";
import { bearer, json, scriptedTransport } from "./support/scripted-transport.ts";

const PASSWORD = "canary-pä:ss%&+";
const ALICE: Credential = { username: "al+ice", password: PASSWORD };
const BASIC_ALICE = `Basic ${Buffer.from(`al+ice:${PASSWORD}`).toString("base64")}`;
const PULL = ["repository:team/app:pull"];
const TOKEN_HOST = new URL(REALM).host;

function withAlice(more: Parameters<typeof createAuthenticator>[0] = {}) {
  return createAuthenticator({ credentials: staticCredentials({ [REGISTRY]: ALICE }), ...more });
}

describe("asking for a token", () => {
  test("goes by GET with the scopes of the operation, and Basic where a name and password are stored", async () => {
    const network = tokenRegistry({ challenge: 'service="svc",scope="repository:user/image:pull"' });
    const response = await send(network, withAlice(), "/v2/team/app/manifests/1", PULL);
    expect(response.status).toBe(200);
    const [asked] = network.to(TOKEN_HOST);
    expect(asked?.method).toBe("GET");
    expect(asked?.url.searchParams.getAll("scope")).toEqual(PULL);
    expect(asked?.url.searchParams.get("service")).toBe("svc");
    expect(asked?.url.searchParams.get("account")).toBe("al+ice");
    expect(asked?.headers["authorization"]).toBe(BASIC_ALICE);
    expect(asked?.context).toBeUndefined();
    expect(asked?.onBehalfOf).toBe(`https://${REGISTRY}`);
    expect(network.to(REGISTRY).map(({ headers }) => headers["authorization"])).toEqual([
      undefined,
      "Bearer token-1",
    ]);
  });

  test("is anonymous without credentials, with nothing that names anybody", async () => {
    const network = tokenRegistry();
    expect((await send(network, createAuthenticator(), "/v2/team/app/manifests/1", PULL)).status).toBe(200);
    const [asked] = network.to(TOKEN_HOST);
    expect(asked?.headers["authorization"]).toBeUndefined();
    expect(asked?.url.searchParams.has("account")).toBe(false);
  });

  test("keeps the realm's own query, replaces its service, and repeats scope", async () => {
    const network = tokenRegistry({ realm: "https://auth.example.com/token?tenant=1&service=old" });
    await send(network, createAuthenticator(), "/v2/a/manifests/1", [
      "repository:a:push,pull",
      "repository:b:pull",
    ]);
    expect(network.to(TOKEN_HOST)[0]?.url.search).toBe(
      "?tenant=1&service=svc&scope=repository%3Aa%3Apull%2Cpush&scope=repository%3Ab%3Apull",
    );
  });

  test("leaves out a service the challenge does not name", async () => {
    const network = tokenRegistry({ challenge: "" });
    await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL);
    expect(network.to(TOKEN_HOST)[0]?.url.searchParams.has("service")).toBe(false);
  });

  test("costs no 401 once the registry is known, and nothing while a token is good", async () => {
    const network = tokenRegistry();
    const authenticator = createAuthenticator();
    for (const path of ["/v2/team/app/manifests/1", "/v2/team/app/manifests/2"]) {
      await send(network, authenticator, path, PULL);
    }
    await send(network, authenticator, "/v2/other/manifests/1", ["repository:other:pull"]);
    expect(network.to(TOKEN_HOST).length).toBe(2);
    expect(network.to(REGISTRY).filter(({ headers }) => headers["authorization"] === undefined).length).toBe(
      1,
    );
  });

  test("happens once for a thousand requests at the same moment", async () => {
    const network = tokenRegistry({
      token: async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return json({ token: "shared" });
      },
    });
    const authenticator = withAlice();
    const all = Array.from({ length: 1000 }, (_, at) =>
      send(network, authenticator, `/v2/team/app/manifests/${at}`, PULL),
    );
    expect(new Set((await Promise.all(all)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(network.to(TOKEN_HOST).length).toBe(1);
  });

  test("happens at most twice for a copy between two repositories of one registry", async () => {
    const network = tokenRegistry();
    const authenticator = withAlice();
    const target = ["repository:b:pull,push", "repository:a:pull"];
    await send(network, authenticator, "/v2/a/manifests/1", ["repository:a:pull"]);
    for (let blob = 0; blob < 5; blob += 1) {
      await send(network, authenticator, `/v2/b/blobs/uploads/?mount=${blob}&from=a`, target, {
        method: "POST",
      });
      await send(network, authenticator, `/v2/b/blobs/${blob}`, ["repository:b:pull"], { method: "HEAD" });
      await send(network, authenticator, `/v2/a/blobs/${blob}`, ["repository:a:pull"]);
    }
    expect(network.to(TOKEN_HOST).length).toBe(2);
  });

  test("does not take the scope of a version check, which is a placeholder", async () => {
    const network = tokenRegistry({ challenge: 'service="s",scope="repository:user/image:pull"' });
    await send(network, createAuthenticator(), "/v2/", []);
    expect(network.to(TOKEN_HOST)[0]?.url.searchParams.has("scope")).toBe(false);
  });

  test("adds scopes of kinds of its own that the registry names, and asks for them at once the next time", async () => {
    const network = tokenRegistry({ challenge: 'service="s",scope="aws"' });
    const authenticator = createAuthenticator();
    await send(network, authenticator, "/v2/team/app/manifests/1", PULL);
    await send(network, authenticator, "/v2/team/app/manifests/2", PULL);
    const asked = network.to(TOKEN_HOST);
    expect(asked.map(({ url }) => url.searchParams.getAll("scope"))).toEqual([["aws", ...PULL]]);
  });
});

describe("an identity token", () => {
  const store = (username?: string) =>
    staticCredentials({
      [REGISTRY]: { identityToken: "canary-refresh", ...(username === undefined ? {} : { username }) },
    });

  test("goes by POST, in the body and nowhere else", async () => {
    const network = tokenRegistry({ token: () => json({ access_token: "short" }) });
    const authenticator = createAuthenticator({ credentials: store(), clientId: "tests" });
    expect(
      (
        await send(network, authenticator, "/v2/a/manifests/1", [
          "repository:b:pull",
          "repository:a:pull,push",
        ])
      ).status,
    ).toBe(200);
    const [asked] = network.to(TOKEN_HOST);
    expect(asked?.method).toBe("POST");
    expect(asked?.url.href).toBe(REALM);
    expect(asked?.headers["authorization"]).toBeUndefined();
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      grant_type: "refresh_token",
      refresh_token: "canary-refresh",
      service: "svc",
      client_id: "tests",
      scope: "repository:a:pull,push repository:b:pull",
    });
    expect(network.requests.every(({ url }) => !url.href.includes("canary"))).toBe(true);
  });

  test.each([
    ["404", 404, undefined],
    ["405", 405, undefined],
    ["400, with a name", 400, "00000000-0000-0000-0000-000000000000"],
    ["401, with a name", 401, "me"],
  ])("falls back to GET when the POST is answered %s", async (_, status, username) => {
    const network = tokenRegistry({
      token: ({ method }) => (method === "POST" ? json({ error: "no" }, status) : json({ token: "by-get" })),
    });
    const response = await send(
      network,
      createAuthenticator({ credentials: store(username) }),
      "/v2/a/manifests/1",
      PULL,
    );
    expect(response.status).toBe(200);
    const [post, get] = network.to(TOKEN_HOST);
    expect([post?.method, get?.method]).toEqual(["POST", "GET"]);
    expect(get?.headers["authorization"]).toBe(
      `Basic ${Buffer.from(`${username ?? ""}:canary-refresh`).toString("base64")}`,
    );
  });

  test("is not sent by POST again to a server that does not know it", async () => {
    const network = tokenRegistry({
      token: ({ method }) => (method === "POST" ? json({}, 405) : json({ token: "by-get" })),
    });
    const authenticator = createAuthenticator({ credentials: store() });
    await send(network, authenticator, "/v2/a/manifests/1", ["repository:a:pull"]);
    await send(network, authenticator, "/v2/b/manifests/1", ["repository:b:pull"]);
    expect(network.to(TOKEN_HOST).map(({ method }) => method)).toEqual(["POST", "GET", "GET"]);
  });

  test("is refused for good by a 401 to one without a name", async () => {
    const network = tokenRegistry({
      token: () => json({ error: "invalid_grant", error_description: "canary-refresh is old" }, 401),
    });
    const error = await send(
      network,
      createAuthenticator({ credentials: store() }),
      "/v2/a/manifests/1",
      PULL,
    ).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
    expect(String(error)).toContain("invalid_grant");
    expect(String(error)).not.toContain("canary");
    expect(network.to(TOKEN_HOST).length).toBe(1);
  });

  test("that rotates is replaced, and the new one is handed over", async () => {
    const told: Credential[] = [];
    const network = tokenRegistry({
      token: (request, count) => {
        const sent = new URLSearchParams(request.body).get("refresh_token");
        const wanted = count === 1 ? "canary-refresh" : `refresh-${count - 1}`;
        return sent === wanted
          ? json({ access_token: `t${count}`, refresh_token: `refresh-${count}` })
          : json({}, 400);
      },
    });
    const authenticator = createAuthenticator({
      credentials: store(),
      onRefreshToken: (_, credential) => void told.push(credential),
    });
    for (const name of ["a", "b", "c"]) {
      expect(
        (await send(network, authenticator, `/v2/${name}/manifests/1`, [`repository:${name}:pull`])).status,
      ).toBe(200);
    }
    expect(told).toMatchObject([
      { identityToken: "refresh-1" },
      { identityToken: "refresh-2" },
      { identityToken: "refresh-3" },
    ]);
  });
});

describe("a token's answer", () => {
  test.each([
    ["token", { token: "x" }],
    ["access_token", { access_token: "x" }],
    ["an empty token beside access_token", { token: "", access_token: "x" }],
  ])("may call it %s, whatever the media type", async (_, answer) => {
    const network = tokenRegistry({
      token: () => ({ status: 200, headers: [["content-type", "text/plain"]], body: JSON.stringify(answer) }),
    });
    await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL);
    expect(network.to(REGISTRY)[1]?.headers["authorization"]).toBe("Bearer x");
  });

  test.each([
    ["no token", json({ expires_in: 3 })],
    ["no JSON", { status: 200, body: "<html>canary-secret</html>" }],
    ["a line break in the token", json({ token: "canary-secret\r\nX-Evil: 1" })],
    ["a NUL in the token", json({ token: "canary-secret\u0000" })],
    ["a token that is a number", json({ token: 5 })],
    ["a redirect nobody follows", { status: 302, headers: [["location", "http://10.0.0.1/"]] as const }],
  ])("with %s is refused, not sent and not shown", async (_, answer) => {
    const network = tokenRegistry({ token: () => answer });
    const error = await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "PROTOCOL" });
    expect(String(error)).not.toContain("canary");
    expect(network.to(REGISTRY).length).toBe(1);
  });

  test("without end is given up at 128 KiB", async () => {
    let sent = 0;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        await Promise.resolve();
        sent += 16_384;
        yield new Uint8Array(16_384).fill(0x20);
      }
    };
    const network = tokenRegistry({ token: () => ({ status: 200, body: endless() }) });
    await expect(send(network, createAuthenticator(), "/v2/a/manifests/1", PULL)).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
    });
    expect(sent).toBeLessThanOrEqual(131_072 + 16_384);
  });

  test.each([
    [0, 60],
    [-1, 60],
    [undefined, 60],
    ["300", 300],
    ["3e2", 60],
    [Number.NaN, 60],
    [1e12, 3600],
    [120, 120],
  ])(
    "that says it lives %s seconds is believed for %i, and renewed at nine tenths",
    async (expires, believed) => {
      let now = 0;
      const network = tokenRegistry({
        token: (_, count) =>
          json({ token: `t${count}`, expires_in: expires, issued_at: "2001-01-01T00:00:00Z" }),
      });
      const authenticator = createAuthenticator({ clock: () => now });
      const pull = () => send(network, authenticator, "/v2/a/manifests/1", PULL);
      await pull();
      now = believed * 900 - 1;
      await pull();
      expect(network.to(TOKEN_HOST).length).toBe(1);
      now = believed * 900;
      await pull();
      expect(network.to(TOKEN_HOST).length).toBe(2);
    },
  );

  test("that is a refusal is told in the server's words, without its control characters", async () => {
    const network = tokenRegistry({ token: () => json({ details: "bad \u001b[31m\u202epassword" }, 401) });
    const error = await send(network, withAlice(), "/v2/a/manifests/1", PULL).catch((e: unknown) => e);
    expect(isAuthError(error) && error.code).toBe("UNAUTHENTICATED");
    expect((error as AuthError).message).toContain(
      'gives no token to "al+ice" with the password from static credentials: 401',
    );
    expect((error as AuthError).message).toContain("bad \\u{1b}[31m\\u{202e}password");
  });

  test("that repeats what it was sent is told without the secret, as it is or encoded", async () => {
    const encoded = new URLSearchParams({ password: PASSWORD }).toString();
    const network = tokenRegistry({
      token: ({ headers }) => json({ details: `${headers["authorization"]} ${PASSWORD} ${encoded}` }, 401),
    });
    const error = await send(network, withAlice(), "/v2/a/manifests/1", PULL).catch((e: unknown) => e);
    expect((error as AuthError).message).toContain("401 (Basic *** *** password=***)");
  });

  test("of 503 says that it may be tried again", async () => {
    const network = tokenRegistry({ token: () => json({}, 503) });
    await expect(send(network, withAlice(), "/v2/a/manifests/1", PULL)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
      status: 503,
    });
  });
});

describe("a 401 that comes again", () => {
  test("to a fresh token is answered with one more, then success", async () => {
    const network = tokenRegistry({ accepts: (token) => token === "token-2" });
    expect((await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect(network.to(TOKEN_HOST).length).toBe(2);
  });

  test("for ever costs two token requests, and stands with its body", async () => {
    const network = tokenRegistry({ accepts: () => false });
    const authenticator = withAlice();
    // The second time the token at hand is tried first.
    for (const total of [2, 3]) {
      const response = await send(network, authenticator, "/v2/a/manifests/1", PULL);
      expect(response.status).toBe(401);
      expect(await response.body.json(1000)).toEqual({ errors: [{ code: "UNAUTHORIZED" }] });
      expect(network.to(TOKEN_HOST).length).toBe(total);
    }
  });

  test("for want of scope is asked for once with the scope that was named", async () => {
    const network = tokenRegistry({
      challenge: 'service="s",scope="repository:other:pull",error="insufficient_scope"',
      token: ({ url }) => json({ token: url.searchParams.getAll("scope").join("|") }),
      accepts: (token) => token.includes("other"),
    });
    const authenticator = createAuthenticator();
    expect((await send(network, authenticator, "/v2/team/app/manifests/1", PULL)).status).toBe(200);
    expect((await send(network, authenticator, "/v2/team/app/manifests/2", PULL)).status).toBe(200);
    expect(network.to(TOKEN_HOST).length).toBe(2);
  });

  test("for want of scope is final when the token was asked for that scope", async () => {
    const network = tokenRegistry({
      challenge: 'service="s",scope="repository:team/app:pull",error="insufficient_scope"',
      accepts: () => false,
    });
    expect((await send(network, createAuthenticator(), "/v2/team/app/manifests/1", PULL)).status).toBe(401);
    expect(network.to(TOKEN_HOST).length).toBe(1);
  });

  test("without a challenge renews the token", async () => {
    let good = "token-1";
    const network = scriptedTransport(({ url, headers }) => {
      if (url.host === TOKEN_HOST) return json({ token: good });
      if (headers["authorization"] === undefined) return bearer(REALM);
      return headers["authorization"] === `Bearer ${good}` ? json({}) : { status: 401 };
    });
    const authenticator = createAuthenticator();
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    good = "token-2";
    expect((await send(network, authenticator, "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect(network.to(TOKEN_HOST).length).toBe(2);
  });

  test("without a challenge at first takes that of the version check", async () => {
    const network = scriptedTransport(({ url, headers }) => {
      if (url.host === TOKEN_HOST) return json({ token: "t" });
      if (headers["authorization"] === "Bearer t") return json({});
      return url.pathname === "/v2/" ? bearer(REALM) : { status: 401, headers: [["www-authenticate", ""]] };
    });
    expect((await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL)).status).toBe(200);
  });

  test("with the reason alone renews the token", async () => {
    let good = "token-1";
    const network = scriptedTransport(({ url, headers }) => {
      if (url.host === TOKEN_HOST) return json({ token: good });
      if (headers["authorization"] === undefined) return bearer(REALM);
      if (headers["authorization"] === `Bearer ${good}`) return json({});
      return { status: 401, headers: [["www-authenticate", 'Bearer error="invalid_token"']] };
    });
    const authenticator = createAuthenticator();
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    good = "token-2";
    expect((await send(network, authenticator, "/v2/a/manifests/1", PULL)).status).toBe(200);
  });

  test("offering Basic alone to a stale token does not lose the token server", async () => {
    let good = "token-1";
    const network = scriptedTransport(({ url, headers }) => {
      if (url.host === TOKEN_HOST) return json({ token: good });
      if (headers["authorization"] === `Bearer ${good}`) return json({});
      if (headers["authorization"] === undefined) return bearer(REALM);
      return { status: 401, headers: [["www-authenticate", 'Basic realm="harbor"']] };
    });
    const authenticator = withAlice();
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    good = "token-2";
    expect((await send(network, authenticator, "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect(network.to(REGISTRY).every(({ headers }) => !headers["authorization"]?.startsWith("Basic"))).toBe(
      true,
    );
  });

  test("from a hundred requests with the same expired token costs one token request", async () => {
    let good = "token-1";
    const network = tokenRegistry({ accepts: (token) => token === good });
    const authenticator = createAuthenticator();
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    good = "token-2";
    const all = Array.from({ length: 100 }, () => send(network, authenticator, "/v2/a/manifests/1", PULL));
    expect((await Promise.all(all)).every(({ status }) => status === 200)).toBe(true);
    expect(network.to(TOKEN_HOST).length).toBe(2);
  });
});

describe("who shares a flight", () => {
  test("is not taken along by the first who aborts", async () => {
    const controller = new AbortController();
    const network = tokenRegistry({
      token: async () => {
        controller.abort(new Error("changed my mind"));
        await new Promise((resolve) => setTimeout(resolve, 10));
        return json({ token: "t" });
      },
    });
    const authenticator = createAuthenticator();
    const first = send(network, authenticator, "/v2/a/manifests/1", PULL, { signal: controller.signal });
    const second = send(network, authenticator, "/v2/a/manifests/1", PULL);
    await expect(first).rejects.toThrow("changed my mind");
    expect((await second).status).toBe(200);
    expect(network.to(TOKEN_HOST).length).toBe(1);
  });

  test("gets the failure, which the next one does not", async () => {
    const network = tokenRegistry({
      token: (_, count) => (count === 1 ? json({}, 500) : json({ token: "t" })),
    });
    const authenticator = createAuthenticator();
    const both = await Promise.allSettled(
      [1, 2].map(() => send(network, authenticator, "/v2/a/manifests/1", PULL)),
    );
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(network.to(TOKEN_HOST).length).toBe(1);
    expect((await send(network, authenticator, "/v2/a/manifests/1", PULL)).status).toBe(200);
  });
});

describe("tokens are kept apart", () => {
  test("by repository", async () => {
    const network = tokenRegistry({
      token: ({ url }) => json({ token: `for:${url.searchParams.getAll("scope").join()}` }),
    });
    const authenticator = withAlice();
    await send(network, authenticator, "/v2/a/manifests/1", ["repository:a:pull"]);
    await send(network, authenticator, "/v2/b/manifests/1", ["repository:b:pull"]);
    expect(network.to(REGISTRY).at(-1)?.headers["authorization"]).toBe("Bearer for:repository:b:pull");
  });

  test("by who asks, also in a cache both share", async () => {
    const shared = new Map<string, CachedToken>();
    const tokenCache = {
      get: (key: string) => shared.get(key),
      set: (key: string, token: CachedToken) => void shared.set(key, token),
      delete: (key: string) => void shared.delete(key),
    };
    const network = tokenRegistry({
      token: ({ headers }) => json({ token: `for:${headers["authorization"]?.slice(-6)}` }),
    });
    const alice = withAlice({ tokenCache });
    const bob = createAuthenticator({
      tokenCache,
      credentials: staticCredentials({ [REGISTRY]: { username: "al+ice", password: "bob's" } }),
    });
    const again = withAlice({ tokenCache });
    for (const one of [alice, bob, again]) await send(network, one, "/v2/a/manifests/1", PULL);
    expect(network.to(TOKEN_HOST).length).toBe(2);
    expect(shared.size).toBe(2);
    for (const key of shared.keys()) expect(key).toMatch(/^[0-9a-f]{64}$/);
  });

  test("and what a cache holds is not sent if it cannot stand in a header", async () => {
    const held = { token: "canary\r\nx-injected: 1", renewAt: Date.now() + 60_000 };
    const network = tokenRegistry();
    const tokenCache = { get: () => held, set: () => {}, delete: () => {} };
    const response = await send(network, createAuthenticator({ tokenCache }), "/v2/a/manifests/1", PULL);
    expect(response.status).toBe(200);
    expect(network.to(REGISTRY).at(-1)?.headers["authorization"]).toBe("Bearer token-1");
  });

  test("and a cache that fails is passed by", async () => {
    const broken = () => Promise.reject(new Error("no cache today"));
    const network = tokenRegistry();
    const authenticator = createAuthenticator({ tokenCache: { get: broken, set: broken, delete: broken } });
    expect((await send(network, authenticator, "/v2/a/manifests/1", PULL)).status).toBe(200);
  });

  test("and one who signs in anew is not served the old identity's token", async () => {
    let credential: Credential = ALICE;
    let now = 0;
    const credentials: CredentialStore = { get: () => Promise.resolve(credential) };
    const network = tokenRegistry();
    const authenticator = createAuthenticator({ credentials, clock: () => now });
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    credential = { username: "bob", password: "other" };
    now = 61_000;
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    expect(network.to(TOKEN_HOST).map(({ url }) => url.searchParams.get("account"))).toEqual([
      "al+ice",
      "bob",
    ]);
  });
});

test("a password that the token server refused is looked up anew by the next request", async () => {
  let password = "old";
  const credentials: CredentialStore = { get: () => Promise.resolve({ username: "a", password }) };
  const network = tokenRegistry({
    token: ({ headers }) =>
      headers["authorization"] === `Basic ${Buffer.from("a:new").toString("base64")}`
        ? json({ token: "t" })
        : json({}, 401),
  });
  const authenticator = createAuthenticator({ credentials });
  const pull = () => send(network, authenticator, "/v2/a/manifests/1", PULL);
  await expect(pull()).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  password = "new";
  expect((await pull()).status).toBe(200);
});

describe("Basic", () => {
  const basic = (answer: (authorization: string | undefined) => boolean, challenge = 'BASIC realm="x"') =>
    scriptedTransport(({ headers }) =>
      answer(headers["authorization"])
        ? json({})
        : { status: 401, headers: [["www-authenticate", challenge]] },
    );

  test("is sent once the registry asks, and at once from then on", async () => {
    const network = basic((authorization) => authorization === BASIC_ALICE);
    const authenticator = withAlice();
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    await send(network, authenticator, "/v2/a/manifests/1", PULL);
    expect(network.requests.map(({ headers }) => headers["authorization"])).toEqual([
      undefined,
      BASIC_ALICE,
      BASIC_ALICE,
    ]);
  });

  test("that was refused is not sent again", async () => {
    const network = basic(() => false);
    expect((await send(network, withAlice(), "/v2/a/manifests/1", PULL)).status).toBe(401);
    expect(network.requests.length).toBe(2);
  });

  test("comes after Bearer where both are offered", async () => {
    const challenge = `Bearer realm="${REALM}",service="s",Basic realm="x"`;
    const network = scriptedTransport(({ url, headers }) => {
      if (url.host === TOKEN_HOST) return json({ error: "no tokens here" }, 401);
      return headers["authorization"] === BASIC_ALICE
        ? json({})
        : {
            status: 401,
            headers: [
              ["www-authenticate", "Negotiate"],
              ["www-authenticate", challenge],
            ],
          };
    });
    expect((await send(network, withAlice(), "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect(network.to(TOKEN_HOST).length).toBe(1);
  });

  test("is not sent over plain http, but to this machine or by permission", async () => {
    const network = basic((authorization) => authorization !== undefined);
    const store = staticCredentials({ "*": ALICE });
    const at = (origin: string, allowed?: readonly string[]) => {
      const url = new URL("/v2/a/manifests/1", origin);
      return send(
        network,
        createAuthenticator({ credentials: store, sendSecretsOverPlainHttp: allowed }),
        "",
        PULL,
        {
          url,
          context: { registry: url.host, origin: url.origin, scopes: PULL },
        },
      );
    };
    await expect(at("http://reg.example.com")).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    await expect(at("http://reg.example.com")).rejects.toThrow(/sendSecretsOverPlainHttp/);
    expect(network.requests.every(({ headers }) => headers["authorization"] === undefined)).toBe(true);
    expect((await at("http://localhost:5000")).status).toBe(200);
    expect((await at("http://[::1]:5000")).status).toBe(200);
    expect((await at("http://reg.example.com", ["reg.example.com"])).status).toBe(200);
  });
});

test("a registry token goes to the registry as it is, and is not sent twice when refused", async () => {
  const network = scriptedTransport(() => bearer(REALM));
  const credentials = staticCredentials({ [REGISTRY]: { registryToken: "as-it-is" } });
  expect((await send(network, createAuthenticator({ credentials }), "/v2/a/manifests/1", PULL)).status).toBe(
    401,
  );
  expect(network.requests.map(({ headers }) => headers["authorization"])).toEqual([
    undefined,
    "Bearer as-it-is",
  ]);
});

test.each([
  ["a registry token with a line break", { registryToken: "canary\r\nx: y" }, bearer(REALM)],
  ["a name with a colon", { username: "a:b", password: "canary" }, bearer(REALM)],
] as const)("%s is told as such and goes nowhere", async (_, credential, answer) => {
  const network = scriptedTransport(() => answer);
  const authenticator = createAuthenticator({ credentials: staticCredentials({ [REGISTRY]: credential }) });
  const error = await send(network, authenticator, "/v2/a/manifests/1", PULL).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: "CONFIG" });
  expect(String(error)).not.toContain("canary");
  expect(network.requests.length).toBe(1);
});

describe("a realm", () => {
  test("that is relative is on the registry itself", async () => {
    const network = scriptedTransport(({ url, headers }) => {
      if (url.pathname === "/token") return json({ token: "t" });
      return headers["authorization"] === "Bearer t" ? json({}) : bearer("/token");
    });
    expect((await send(network, withAlice(), "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect(network.requests[1]?.url.href).toMatch(/^https:\/\/reg\.example\.com\/token\?/);
    expect(network.requests[1]?.context?.origin).toBe("https://reg.example.com");
  });

  test("that is missing or a mere name is told as such, and nobody is asked", async () => {
    for (const challenge of [
      "Bearer",
      'Bearer realm="example"',
      'Bearer realm="https://a.example.com/\u0001"',
    ]) {
      const network = scriptedTransport(() => ({ status: 401, headers: [["www-authenticate", challenge]] }));
      for (const authenticator of [withAlice(), createAuthenticator()]) {
        await expect(send(network, authenticator, "/v2/a/manifests/1", PULL)).rejects.toMatchObject({
          code: "PROTOCOL",
        });
      }
      expect(network.requests.length).toBe(2);
    }
  });

  test("on another site does not get the credentials, and the refusal names the option", async () => {
    const network = tokenRegistry({ realm: "https://sso.example.net/token" });
    await expect(send(network, withAlice(), "/v2/a/manifests/1", PULL)).rejects.toThrow(
      'realms: { "reg.example.com": ["https://sso.example.net"] }',
    );
    expect(network.to("sso.example.net")).toEqual([]);
    const allowed = withAlice({ realms: { [REGISTRY]: ["https://sso.example.net"] } });
    expect((await send(network, allowed, "/v2/a/manifests/1", PULL)).status).toBe(200);
    expect((await send(network, createAuthenticator(), "/v2/a/manifests/1", PULL)).status).toBe(200);
  });

  test("that no request may go to is not asked even anonymously", async () => {
    for (const realm of [
      "http://auth.example.com/t",
      "https://169.254.169.254/latest",
      "https://0.0.0.0/",
      "https://[::1]/t",
    ]) {
      const network = tokenRegistry({ realm });
      await expect(send(network, createAuthenticator(), "/v2/a/manifests/1", PULL)).rejects.toMatchObject({
        code: "POLICY_REFUSED",
      });
      expect(network.requests.length).toBe(1);
    }
  });

  test("that moved is found again by the next challenge", async () => {
    let realm = REALM;
    const network = scriptedTransport(({ url, headers }) => {
      if (url.pathname === "/token" || url.pathname === "/new") {
        return url.href.startsWith(realm) ? json({ token: `t${url.pathname}` }) : { status: 404 };
      }
      return headers["authorization"] === `Bearer t${new URL(realm).pathname}` ? json({}) : bearer(realm);
    });
    const authenticator = createAuthenticator();
    await send(network, authenticator, "/v2/a/manifests/1", ["repository:a:pull"]);
    realm = "https://auth.example.com/new";
    expect((await send(network, authenticator, "/v2/b/manifests/1", ["repository:b:pull"])).status).toBe(200);
  });
});

describe("a credential store that fails", () => {
  const credentials: CredentialStore = {
    get: () => Promise.reject(new AuthError("HELPER_FAILED", "docker-credential-x is not installed")),
  };

  test("does not stand in the way of what is public", async () => {
    const network = tokenRegistry();
    expect(
      (await send(network, createAuthenticator({ credentials }), "/v2/a/manifests/1", PULL)).status,
    ).toBe(200);
  });

  test("does where it is asked to", async () => {
    const network = tokenRegistry();
    const authenticator = createAuthenticator({ credentials, requireCredentialStore: true });
    await expect(send(network, authenticator, "/v2/a/manifests/1", PULL)).rejects.toMatchObject({
      code: "HELPER_FAILED",
    });
    expect(network.to(TOKEN_HOST)).toEqual([]);
  });

  test.each([
    ["the anonymous token", tokenRegistry({ accepts: () => false })],
    ["anonymous tokens", tokenRegistry({ token: () => json({}, 401) })],
    [
      "everybody without a password",
      scriptedTransport(() => ({ status: 401, headers: [["www-authenticate", "Basic"]] })),
    ],
    ["without saying how to sign in", scriptedTransport(() => ({ status: 401 }))],
  ])("is the reason told when the registry refuses %s", async (_, network) => {
    await expect(
      send(network, createAuthenticator({ credentials }), "/v2/a/manifests/1", PULL),
    ).rejects.toMatchObject({
      code: "HELPER_FAILED",
    });
  });
});

test("a registry with a token server for each repository costs no 401 once each is known", async () => {
  const network = scriptedTransport(({ url, headers }) => {
    const [, , repository = ""] = url.pathname.split("/");
    if (url.host === TOKEN_HOST) return json({ token: `t${url.pathname}` });
    return headers["authorization"] === `Bearer t/${repository}`
      ? json({})
      : bearer(`https://${TOKEN_HOST}/${repository}`);
  });
  const authenticator = createAuthenticator();
  for (let round = 0; round < 2; round += 1) {
    for (const name of ["a", "b"]) {
      const response = await send(network, authenticator, `/v2/${name}/manifests/1`, [
        `repository:${name}:pull`,
      ]);
      expect(response.status).toBe(200);
    }
    if (round === 0) network.requests.length = 0;
  }
  expect(network.requests.map(({ url }) => url.host)).toEqual([REGISTRY, REGISTRY]);
});

test("nothing that can be inspected shows a secret", async () => {
  const { inspect } = await import("node:util");
  const network = tokenRegistry({ token: () => json({ token: "canary-token" }) });
  const authenticator = withAlice();
  await send(network, authenticator, "/v2/a/manifests/1", PULL);
  expect(inspect(authenticator, { depth: 10, showHidden: true })).not.toContain("canary");
});
