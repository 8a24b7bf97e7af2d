import { chmod, lstat, mkdir, readdir, readlink, stat, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { CredentialLookup } from "../../src/index.ts";
import { readAuthEntry, writeAuthEntry } from "../../src/node/auth-entry.ts";
import { dockerConfigStore } from "../../src/node.ts";
import { makeHome } from "../support/home.ts";

const FILE = "$HOME/.docker/config.json";
const me = { username: "me", password: "canary:p" };

function config(value: unknown): string {
  return JSON.stringify(value);
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64");
}

describe("reading", () => {
  test("a broken entry fails for its own host alone, naming file and host and no secret", async () => {
    await using home = await makeHome({
      [FILE]: config({
        auths: {
          "bad64.io": { auth: "canary%%%" },
          "nocolon.io": { auth: base64("canary-no-colon") },
          "noname.io": { auth: base64(":canary") },
          "utf8.io": { auth: Buffer.from([0x75, 0x3a, 0xff]).toString("base64") },
          "list.io": ["canary"],
          "good.io": { auth: base64("u:p:q") },
        },
      }),
    });
    const store = dockerConfigStore({ env: home.env });
    expect(await store.get({ registry: "good.io" })).toMatchObject({
      username: "u",
      password: "p:q",
      source: home.path(FILE),
    });
    for (const registry of ["bad64.io", "nocolon.io", "noname.io", "utf8.io", "list.io"]) {
      const error = await store.get({ registry }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "CONFIG" });
      expect(String(error)).toContain(home.path(FILE));
      expect(String(error)).toContain(registry);
      expect(String(error)).not.toContain("canary");
    }
  });

  test.each([
    ["no JSON", '{"auths": canary', "CONFIG"],
    ["a list", "[]", "CONFIG"],
    ["too large", `{"x":"${"x".repeat(1_048_577)}"}`, "SIZE_EXCEEDED"],
  ])("a file that is %s is told by name without its content", async (_, text, code) => {
    await using home = await makeHome({ [FILE]: text });
    const error = await dockerConfigStore({ env: home.env })
      .get({ registry: "a.io" })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(home.path(FILE));
    expect(String(error)).not.toContain("canary");
  });

  test("the two kinds of token are told from a password", async () => {
    await using home = await makeHome({
      [FILE]: config({
        auths: {
          "identity.io": { auth: base64("00000000-0000:"), identitytoken: "refresh" },
          "bare.io": { auth: base64("<token>:"), identitytoken: "refresh" },
          "registry.io": { registrytoken: "bearer" },
          "plain.io": { username: "u", password: "p" },
        },
      }),
    });
    const store = dockerConfigStore({ env: home.env });
    const source = home.path(FILE);
    expect(await store.get({ registry: "identity.io" })).toEqual({
      identityToken: "refresh",
      username: "00000000-0000",
      source,
    });
    expect(await store.get({ registry: "bare.io" })).toEqual({ identityToken: "refresh", source });
    expect(await store.get({ registry: "registry.io" })).toEqual({ registryToken: "bearer", source });
    expect(await store.get({ registry: "plain.io" })).toEqual({ username: "u", password: "p", source });
  });

  test("base64 may be wrapped into lines", async () => {
    const password = "p".repeat(200);
    const wrapped = `${base64(`u:${password}`).replace(/.{76}/g, "$&\r\n")}\n`;
    await using home = await makeHome({ [FILE]: config({ auths: { "a.io": { auth: wrapped } } }) });
    expect(await dockerConfigStore({ env: home.env }).get({ registry: "a.io" })).toMatchObject({ password });
  });

  test("names of prototypes are hosts like any other", async () => {
    await using home = await makeHome({ [FILE]: '{"auths":{"__proto__":{"auth":"dTpw"}},"credHelpers":{}}' });
    const store = dockerConfigStore({ env: home.env });
    expect(await store.get({ registry: "constructor" })).toBeUndefined();
    expect(await store.get({ registry: "toString" })).toBeUndefined();
  });

  test("an empty helper turns the default off, and a bad one is told before anything runs", async () => {
    await using home = await makeHome({
      [FILE]: config({
        credsStore: "desktop",
        credHelpers: { "a.io": "", "b.io": "../../evil", "c.io": 5 },
        auths: { "a.io": { auth: base64("u:p") } },
      }),
    });
    const store = dockerConfigStore({ env: home.env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "u" });
    await expect(store.get({ registry: "b.io" })).rejects.toMatchObject({ code: "CONFIG" });
    await expect(store.get({ registry: "c.io" })).rejects.toMatchObject({ code: "CONFIG" });
    await expect(store.get({ registry: "d.io" })).rejects.toMatchObject({ code: "HELPER_FAILED" });
  });

  test("a registry token is found in the file although a helper has the passwords", async () => {
    await using home = await makeHome({
      [FILE]: config({ credsStore: "x", auths: { "a.io": { registrytoken: "t", auth: base64("u:p") } } }),
    });
    await home.program("x", "echo credentials not found in native keychain; exit 1");
    expect(await dockerConfigStore({ env: home.env }).get({ registry: "a.io" })).toMatchObject({
      registryToken: "t",
    });
  });

  test("the trace names file, key and helper", async () => {
    await using home = await makeHome({ [FILE]: config({ credHelpers: { "a.io": "x" } }) });
    await home.helper("x", { get: { "a.io": { exit: 0, stdout: '{"Username":"u","Secret":"canary"}' } } });
    const lookups: CredentialLookup[] = [];
    const trace = (lookup: CredentialLookup): void => void lookups.push(lookup);
    const store = dockerConfigStore({ env: home.env });
    expect((await store.get({ registry: "a.io" }, { trace }))?.source).toBe(
      `docker-credential-x (${home.path(FILE)})`,
    );
    await store.get({ registry: "b.io" }, { trace });
    expect(lookups).toEqual([
      { store: "docker-credential-x", key: "a.io", found: "password", username: "u" },
      { store: home.path(FILE), key: "b.io", found: "nothing" },
    ]);
  });
});

describe("writing", () => {
  test("makes a file its owner alone can read, and reads it back", async () => {
    await using home = await makeHome();
    const store = dockerConfigStore({ env: home.env });
    await store.set({ registry: "docker.io" }, me);
    expect(JSON.parse(await home.read(FILE))).toEqual({
      auths: { "https://index.docker.io/v1/": { auth: base64("me:canary:p") } },
    });
    expect((await stat(home.path(FILE))).mode & 0o777).toBe(0o600);
    expect((await stat(dirname(home.path(FILE)))).mode & 0o777).toBe(0o700);
    expect(await store.get({ registry: "docker.io" })).toMatchObject(me);
    expect(await readdir(dirname(home.path(FILE)))).toEqual(["config.json"]);
  });

  test("keeps everything else in the file, and closes one that others could read", async () => {
    const before = {
      HttpHeaders: { a: "b" },
      auths: { "x.io": { auth: "dTpw", email: "x" } },
      psFormat: "table",
    };
    await using home = await makeHome({ [FILE]: config(before) });
    await chmod(home.path(FILE), 0o644);
    await dockerConfigStore({ env: home.env }).set({ registry: "a.io" }, { registryToken: "t" });
    expect(JSON.parse(await home.read(FILE))).toEqual({
      ...before,
      auths: { ...before.auths, "a.io": { registrytoken: "t" } },
    });
    expect((await stat(home.path(FILE))).mode & 0o777).toBe(0o600);
  });

  test("loses none of several entries that are written at the same moment", async () => {
    await using home = await makeHome();
    const hosts = Array.from({ length: 20 }, (_, at) => `r${at}.io`);
    await Promise.all(hosts.map((registry) => dockerConfigStore({ env: home.env }).set({ registry }, me)));
    const store = dockerConfigStore({ env: home.env });
    expect((await store.list()).length).toBe(20);
    await Promise.all(hosts.slice(1).map((registry) => store.delete({ registry })));
    expect((await store.list()).map(({ registry }) => registry)).toEqual(["r0.io"]);
  });

  test("leaves a symlink a symlink", async () => {
    await using home = await makeHome({ "$HOME/dotfiles/docker.json": "{}" });
    await mkdir(dirname(home.path(FILE)), { recursive: true });
    await symlink("../dotfiles/docker.json", home.path(FILE));
    await dockerConfigStore({ env: home.env }).set({ registry: "a.io" }, me);
    expect((await lstat(home.path(FILE))).isSymbolicLink()).toBe(true);
    expect(await readlink(home.path(FILE))).toBe("../dotfiles/docker.json");
    expect(await home.read("$HOME/dotfiles/docker.json")).toContain("a.io");
  });

  test("does not touch a file that it cannot read", async () => {
    await using home = await makeHome({ [FILE]: "{broken" });
    await expect(dockerConfigStore({ env: home.env }).set({ registry: "a.io" }, me)).rejects.toMatchObject({
      code: "CONFIG",
    });
    expect(await home.read(FILE)).toBe("{broken");
  });

  test("leaves nothing behind where it fails", async () => {
    await using home = await makeHome({ [`${FILE}/not-a-file`]: "" });
    await expect(dockerConfigStore({ env: home.env }).set({ registry: "a.io" }, me)).rejects.toMatchObject({
      code: "CONFIG",
    });
    expect(await readdir(dirname(home.path(FILE)))).toEqual(["config.json"]);
  });

  test("gives the secret to the helper, and the file an empty entry", async () => {
    await using home = await makeHome({ [FILE]: config({ credsStore: "x" }) });
    await home.program("x", `case "$1" in store) cat > ${home.path("$HOME/stored")};; *) exit 1;; esac`);
    await dockerConfigStore({ env: home.env }).set({ registry: "a.io" }, me);
    expect(JSON.parse(await home.read("$HOME/stored"))).toEqual({
      ServerURL: "a.io",
      Username: "me",
      Secret: "canary:p",
    });
    expect(JSON.parse(await home.read(FILE))).toEqual({ credsStore: "x", auths: { "a.io": {} } });
  });

  test("deletes what it wrote, and says whether there was something", async () => {
    await using home = await makeHome();
    const store = dockerConfigStore({ env: home.env });
    await store.set({ registry: "a.io" }, me);
    await store.set({ registry: "b.io" }, { identityToken: "t", username: "n" });
    expect(await store.list()).toEqual([
      { registry: "a.io", username: "me", source: home.path(FILE) },
      { registry: "b.io", username: "n", source: home.path(FILE) },
    ]);
    expect(await store.delete({ registry: "a.io" })).toBe(true);
    expect(await store.delete({ registry: "a.io" })).toBe(false);
    expect((await store.list()).map(({ registry }) => registry)).toEqual(["b.io"]);
  });
});

test("what is written is what is read", () => {
  const text = fc
    .string({ unit: "grapheme", minLength: 1 })
    .filter((value) => !/[\0]/.test(value) && Buffer.from(value).toString() === value);
  fc.assert(
    fc.property(
      text.filter((name) => !name.includes(":")),
      text,
      (username, password) => {
        const entry = writeAuthEntry({ username, password });
        expect(readAuthEntry(entry, "docker", "here", "test")).toEqual({
          username,
          password,
          source: "test",
        });
        expect(readAuthEntry(entry, "containers", "here", "test")).toEqual({
          username,
          password,
          source: "test",
        });
      },
    ),
  );
});

test("no entry makes it fail in words of its own", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.record({ auth: fc.oneof(fc.string(), fc.base64String()) })),
      (entry) => {
        try {
          readAuthEntry(entry, "docker", "here", "test");
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFIG" });
        }
      },
    ),
  );
});
