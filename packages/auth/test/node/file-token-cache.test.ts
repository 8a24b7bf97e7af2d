import { chmod, lstat, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { createAuthenticator, staticCredentials } from "../../src/index.ts";
import { fileTokenCache } from "../../src/node.ts";
import { makeHome } from "../support/home.ts";
import { REALM, REGISTRY, send, tokenRegistry } from "../support/registry.ts";

const PULL = ["repository:a:pull"];
const TOKEN_HOST = new URL(REALM).host;
const FILE = "$HOME/cache/tokens.json";

function inAMinute(token: string): { readonly token: string; readonly renewAt: number } {
  return { token, renewAt: Date.now() + 60_000 };
}

test("a second process signs in without asking for a token, and another identity does not", async () => {
  await using home = await makeHome();
  const network = tokenRegistry();
  const run = (password: string) =>
    send(
      network,
      createAuthenticator({
        tokenCache: fileTokenCache(home.path(FILE)),
        credentials: staticCredentials({ [REGISTRY]: { username: "me", password } }),
      }),
      "/v2/a/manifests/1",
      PULL,
    );
  expect((await run("one")).status).toBe(200);
  expect((await run("one")).status).toBe(200);
  expect(network.to(TOKEN_HOST)).toHaveLength(1);
  expect((await run("other")).status).toBe(200);
  expect(network.to(TOKEN_HOST)).toHaveLength(2);
  expect(await home.read(FILE)).not.toMatch(/other|"one"/);
});

test("the file is its owner's alone, and nothing else is left beside it", async () => {
  await using home = await makeHome();
  const cache = fileTokenCache(home.path(FILE));
  await Promise.all(["a", "b", "c"].map(async (key) => cache.set(key, inAMinute(`token ${key}`))));
  for (const key of ["a", "b", "c"]) expect(await cache.get(key)).toMatchObject({ token: `token ${key}` });
  await cache.delete("b");
  expect(await cache.get("b")).toBeUndefined();
  expect((await stat(home.path(FILE))).mode & 0o777).toBe(0o600);
  expect((await stat(dirname(home.path(FILE)))).mode & 0o777).toBe(0o700);
  expect(await readdir(dirname(home.path(FILE)))).toEqual(["tokens.json"]);
});

test("what is past its time is not given, and leaves the file with the next change", async () => {
  await using home = await makeHome();
  const cache = fileTokenCache(home.path(FILE));
  await cache.set("old", { token: "yesterday's", renewAt: Date.now() - 1 });
  expect(await cache.get("old")).toBeUndefined();
  await cache.set("new", inAMinute("today's"));
  expect(await home.read(FILE)).not.toContain("yesterday's");
});

test.each([
  ["is no JSON", "{"],
  ["has other things in it", '{"tokens":{"a":1,"b":{"token":1,"renewAt":1e15},"c":{"token":"t"},"d":null}}'],
  ["is too large", " ".repeat(1_048_577)],
])("a file that %s is begun anew", async (_, text) => {
  await using home = await makeHome({ [FILE]: text });
  const cache = fileTokenCache(home.path(FILE));
  for (const key of ["a", "b", "c", "d"]) expect(await cache.get(key)).toBeUndefined();
  await cache.set("a", inAMinute("t"));
  expect(await cache.get("a")).toMatchObject({ token: "t" });
});

test("a file that others may read is not believed, and neither is a symlink; both are replaced", async () => {
  await using home = await makeHome();
  const planted = JSON.stringify({ tokens: { a: inAMinute("planted") } });
  const cache = fileTokenCache(home.path(FILE));
  await home.write(FILE, planted);
  expect(await cache.get("a")).toMatchObject({ token: "planted" });
  await chmod(home.path(FILE), 0o644);
  expect(await cache.get("a")).toBeUndefined();
  await cache.set("b", inAMinute("mine"));
  expect(await home.read(FILE)).not.toContain("planted");

  const other = home.path("$HOME/other.json");
  await writeFile(other, planted, { mode: 0o600 });
  const link = home.path("$HOME/link.json");
  await symlink(other, link);
  expect(await fileTokenCache(link).get("a")).toBeUndefined();
  await fileTokenCache(link).set("b", inAMinute("mine"));
  expect((await lstat(link)).isFile()).toBe(true);
  expect(await home.read("$HOME/other.json")).toBe(planted);
});

test("however many tokens come, the file stays small and keeps those that last longest", async () => {
  await using home = await makeHome();
  const cache = fileTokenCache(home.path(FILE));
  const now = Date.now();
  for (let nth = 0; nth < 12; nth += 1) {
    await cache.set(`key ${nth}`, { token: "x".repeat(100_000), renewAt: now + 60_000 + nth });
  }
  expect((await stat(home.path(FILE))).size).toBeLessThan(512 * 1024);
  expect(await cache.get("key 11")).toBeDefined();
  expect(await cache.get("key 6")).toBeUndefined();
});

test("a folder that cannot be written is told by name, and does not stop signing in", async () => {
  await using home = await makeHome({ "$HOME/cache": "a file where a folder should be" });
  const tokenCache = fileTokenCache(home.path(FILE));
  await expect(tokenCache.set("a", inAMinute("t"))).rejects.toMatchObject({ code: "CONFIG" });
  const network = tokenRegistry();
  const answer = await send(network, createAuthenticator({ tokenCache }), "/v2/a/manifests/1", PULL);
  expect(answer.status).toBe(200);
});

test("what belongs to one registry is forgotten at once, and the rest stays", async () => {
  await using home = await makeHome();
  const network = tokenRegistry();
  const tokenCache = fileTokenCache(home.path(FILE));
  const credentials = staticCredentials({ [REGISTRY]: { username: "me", password: "one" } });
  await send(network, createAuthenticator({ tokenCache, credentials }), "/v2/a/manifests/1", PULL);
  await tokenCache.set("other", { ...inAMinute("other's"), origin: "https://other.example" });
  await tokenCache.set("nobody", inAMinute("nobody's"));
  expect(await tokenCache.forget("https://absent.example")).toBe(0);
  expect(await tokenCache.forget(`https://${REGISTRY}`)).toBe(1);
  expect(await tokenCache.forget(`https://${REGISTRY}`)).toBe(0);
  expect([(await tokenCache.get("other"))?.token, (await tokenCache.get("nobody"))?.token]).toEqual([
    "other's",
    "nobody's",
  ]);
  await send(network, createAuthenticator({ tokenCache, credentials }), "/v2/a/manifests/1", PULL);
  expect(network.to(TOKEN_HOST)).toHaveLength(2);
});
