import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AccessControl, basicAccess, memoryStorage, tokenAccess } from "../src/index.ts";
import { formatScope, parseScopes } from "../src/scope.ts";
import { tokenSigner } from "../src/signed-token.ts";
import { codeOf, inProcess, noise, pushBlob, type Send } from "./support.ts";

const users = { ann: "pass:word", bob: "b" };
const basic = (username: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`,
});

describe("Basic", () => {
  test("nobody does anything without a password, and the ping says how to sign in", async () => {
    const { registry, send } = inProcess({ access: basicAccess({ users, realm: 'My "registry"' }) });
    await using _ = registry;
    for (const path of ["/v2/", "/v2/_catalog", "/v2/a/manifests/1"]) {
      const response = await send(path);
      expect([response.status, await codeOf(response)]).toEqual([401, "UNAUTHORIZED"]);
      expect(response.headers.get("www-authenticate")).toBe('Basic realm="My registry"');
    }
  });

  test("a right pair does everything, a wrong one nothing, also where none is needed", async () => {
    const access = basicAccess({ users, allow: () => true });
    const { registry, send } = inProcess({ access });
    await using _ = registry;
    const status = async (headers: Record<string, string>): Promise<number> =>
      (await send(`/v2/a/referrers/sha256:${"0".repeat(64)}`, { headers })).status;
    expect(await status({})).toBe(200);
    expect(await status(basic("ann", "pass:word"))).toBe(200);
    expect(await status(basic("ann", "pass"))).toBe(401);
    expect(await status(basic("carl", ""))).toBe(401);
    expect(await status(basic("__proto__", ""))).toBe(401);
    expect(await status({ authorization: "Basic !!!" })).toBe(401);
    expect(await status({ authorization: "Bearer x" })).toBe(401);
  });

  test("a user who may not is 403, a guest who may not is asked to sign in", async () => {
    const access = basicAccess({
      users,
      allow: (user, { action }) =>
        action === "pull" || (action === "push" && user !== undefined) || user === "ann",
    });
    const { registry, send } = inProcess({ access });
    await using _ = registry;
    const remove = (headers: Record<string, string>): Promise<Response> =>
      send("/v2/a/manifests/x", { method: "DELETE", headers });
    expect((await send("/v2/a/manifests/x")).status).toBe(404);
    expect((await remove({})).status).toBe(401);
    expect((await remove(basic("bob", "b"))).status).toBe(403);
    expect((await remove(basic("ann", "pass:word"))).status).toBe(404);
  });
});

describe("tokens", () => {
  interface TokenAnswer {
    readonly token: string;
    readonly access_token: string;
    readonly expires_in: number;
    readonly refresh_token?: string;
  }
  const form = (fields: Record<string, string>): RequestInit => ({
    method: "POST",
    body: new URLSearchParams(fields),
  });
  const tokenOf = async (response: Response): Promise<TokenAnswer> => {
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return (await response.json()) as TokenAnswer; // our own answer
  };
  const bearer = (token: string): { headers: Record<string, string> } => ({
    headers: { authorization: `Bearer ${token}` },
  });

  test("a 401 names the endpoint and the scope, and the token got there opens what it was asked for", async () => {
    const { registry, send } = inProcess({ access: tokenAccess({ users }) });
    await using _ = registry;
    const refused = await send("/v2/a/b/blobs/uploads/", { method: "POST" });
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe(
      'Bearer realm="http://registry.test/token",service="registry.test",scope="repository:a/b:pull,push"',
    );
    const query = "service=registry.test&scope=repository:a/b:pull,push";
    const answer = await tokenOf(await send(`/token?${query}`, { headers: basic("ann", "pass:word") }));
    expect(answer.expires_in).toBe(300);
    expect(answer.access_token).toBe(answer.token);
    const started = await send("/v2/a/b/blobs/uploads/", { method: "POST", ...bearer(answer.token) });
    expect(started.status).toBe(202);
    expect((await send("/v2/", bearer(answer.token))).status).toBe(200);
    for (const [method, path] of [
      ["GET", "/v2/a/c/manifests/1"],
      ["DELETE", "/v2/a/b/manifests/1"],
      ["GET", "/v2/_catalog"],
    ] as const) {
      const response = await send(path, { method, ...bearer(answer.token) });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain('error="insufficient_scope"');
    }
  });

  test("a guest gets a token for what guests may do and no more", async () => {
    const access = tokenAccess({
      users,
      allow: (user, { action }) => user !== undefined || action === "pull",
    });
    const { registry, send } = inProcess({ access });
    await using _ = registry;
    const { token } = await tokenOf(await send("/token?scope=repository:a:pull,push"));
    expect((await send("/v2/a/manifests/1", bearer(token))).status).toBe(404);
    expect((await send("/v2/a/blobs/uploads/", { method: "POST", ...bearer(token) })).status).toBe(401);
  });

  test("the OAuth2 form works, and a refresh token stands for the password", async () => {
    const { registry, send } = inProcess({ access: tokenAccess({ users }) });
    await using _ = registry;
    const scope = "repository:a:pull repository:b:pull";
    const first = await tokenOf(
      await send(
        "/token",
        form({
          grant_type: "password",
          username: "bob",
          password: "b",
          service: "s",
          client_id: "c",
          scope,
          access_type: "offline",
        }),
      ),
    );
    for (const name of ["a", "b"])
      expect((await send(`/v2/${name}/manifests/1`, bearer(first.token))).status).toBe(404);
    const refresh = first.refresh_token ?? "";
    expect((await send("/v2/a/manifests/1", bearer(refresh))).status).toBe(401);
    const second = await tokenOf(
      await send(
        "/token",
        form({
          grant_type: "refresh_token",
          refresh_token: refresh,
          service: "s",
          client_id: "c",
          scope: "repository:c:pull",
        }),
      ),
    );
    expect((await send("/v2/c/manifests/1", bearer(second.token))).status).toBe(404);
    expect((await send("/v2/a/manifests/1", bearer(second.token))).status).toBe(401);
    for (const fields of [
      { grant_type: "password", username: "bob", password: "wrong" },
      { grant_type: "refresh_token", refresh_token: first.token },
      { grant_type: "refresh_token", refresh_token: `${refresh}x` },
    ] as Record<string, string>[]) {
      expect((await send("/token", form(fields))).status).toBe(401);
    }
    expect((await send("/token", form({ grant_type: "other" }))).status).toBe(400);
    expect((await send("/token", { method: "DELETE" })).status).toBe(405);
    expect((await send("/token", { method: "POST", body: noise(70_000) })).status).toBe(413);
  });

  test("a wrong password gets no token, not even a guest's", async () => {
    const { registry, send } = inProcess({ access: tokenAccess({ users, allow: () => true }) });
    await using _ = registry;
    expect((await send("/token?scope=repository:a:pull", { headers: basic("ann", "x") })).status).toBe(401);
    expect((await send("/token", { headers: { authorization: "Bearer x" } })).status).toBe(401);
  });

  test("tokens run out", async () => {
    const { registry, send } = inProcess({ access: tokenAccess({ users, lifetimeSeconds: 0 }) });
    await using _ = registry;
    const { token } = await tokenOf(
      await send("/token?scope=repository:a:pull", { headers: basic("bob", "b") }),
    );
    const response = await send("/v2/a/manifests/1", bearer(token));
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("invalid_token"),
    ]);
  });

  test("a token that was changed, or signed by another key, is nobody's", () => {
    const signer = tokenSigner();
    const claims = { use: "access", grants: [], expires: 4_000_000_000 } as const;
    const token = signer.sign(claims);
    expect(signer.read(token)).toMatchObject(claims);
    expect(tokenSigner().read(token)).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom("A", "B", "."), (position, character) => {
        const changed = token.slice(0, position) + character + token.slice(position + 1);
        // The last character of base64 has bits that do not count.
        if (changed === token || position === token.length - 1) return;
        expect(signer.read(changed)).toBeUndefined();
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => signer.read(text) === undefined));
  });
});

describe("mounting", () => {
  const accesses: Record<string, AccessControl> = {
    basic: basicAccess({ users, allow: (user, { name }) => user === "ann" || name === "bobs" }),
    token: tokenAccess({ users, allow: (user, { name }) => user === "ann" || name === "bobs" }),
  };
  test.each(Object.keys(accesses))(
    "with %s, what one may not read is as if it were not there",
    async (kind) => {
      const storage = memoryStorage();
      const { send: open } = inProcess({ storage });
      const digest = await pushBlob(open, "anns/secret", noise(5000));
      const access = accesses[kind];
      const { send } = inProcess({ storage, ...(access && { access }) });
      const signIn = async (
        username: string,
        password: string,
        ...scopes: string[]
      ): Promise<Record<string, string>> => {
        if (kind === "basic") return basic(username, password);
        const query = scopes.map((scope) => `scope=${scope}`).join("&");
        const response = await send(`/token?${query}`, { headers: basic(username, password) });
        const { token } = (await response.json()) as { token: string }; // our own answer
        return { authorization: `Bearer ${token}` };
      };
      const mount = async (send_: Send, headers: Record<string, string>, from: string): Promise<number> =>
        (await send_(`/v2/bobs/blobs/uploads/?mount=${digest}${from}`, { method: "POST", headers })).status;

      const scopes = ["repository:bobs:pull,push", "repository:anns/secret:pull"];
      const bob = await signIn("bob", "b", ...scopes);
      expect(await mount(send, bob, "&from=anns/secret")).toBe(202);
      expect(await mount(send, bob, "")).toBe(202);
      expect((await open(`/v2/bobs/blobs/${digest}`)).status).toBe(404);
      const ann = await signIn("ann", "pass:word", ...scopes);
      expect(await mount(send, ann, "&from=anns/secret")).toBe(201);
    },
  );
});

describe("scopes", () => {
  test("are read into one access for each action; what is unknown is left out", () => {
    expect(
      parseScopes([
        "repository:host:5000/a:pull",
        "repository:a:pull,push,fly registry:catalog:*",
        "x:y:z",
        "a",
        "",
      ]),
    ).toEqual([
      { type: "repository", name: "a", action: "pull" },
      { type: "repository", name: "a", action: "push" },
      { type: "registry", name: "catalog", action: "*" },
    ]);
    expect(formatScope([])).toBeUndefined();
  });

  test("whatever is asked for, only valid names come out", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.string(),
            fc.string().map((name) => `repository:${name}:pull`),
          ),
          { maxLength: 5 },
        ),
        (scopes) => {
          for (const { name, action } of parseScopes(scopes)) {
            expect(name).toMatch(/^[a-z0-9._/-]+$/);
            expect(["pull", "push", "delete", "*"]).toContain(action);
          }
        },
      ),
    );
  });
});
