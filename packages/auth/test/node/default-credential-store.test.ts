import { stat } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { findKubernetesCredentials, globMatches } from "../../src/node/kubernetes-store.ts";
import {
  containersAuthStore,
  defaultCredentialStore,
  dockerAuthConfigStore,
  environmentStore,
  kubernetesStore,
} from "../../src/node.ts";
import { makeHome } from "../support/home.ts";

const DOCKER = "$HOME/.docker/config.json";
const PODMAN = "$XDG_RUNTIME_DIR/containers/auth.json";

function auths(entries: Readonly<Record<string, string>>): string {
  const values = Object.entries(entries).map(([key, pair]) => [
    key,
    { auth: Buffer.from(pair).toString("base64") },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(values) });
}

describe("the default store", () => {
  test("finds what docker and podman were told, docker's first", async () => {
    await using home = await makeHome({
      [DOCKER]: auths({ "a.io": "docker:p", "b.io": "docker:p" }),
      [PODMAN]: auths({ "b.io": "podman:p", "c.io/team": "podman:p" }),
      "$HOME/.dockercfg": "{}",
    });
    const store = defaultCredentialStore({ env: home.env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "docker" });
    expect(await store.get({ registry: "b.io" })).toMatchObject({ username: "docker" });
    expect(await store.get({ registry: "c.io", repository: "team/app" })).toMatchObject({
      username: "podman",
    });
    expect(await store.get({ registry: "c.io" })).toBeUndefined();
    expect((await store.list()).map(({ registry }) => registry)).toEqual([
      "a.io",
      "b.io",
      "b.io",
      "c.io/team",
    ]);
  });

  test("asks the environment before any file", async () => {
    await using home = await makeHome({ [DOCKER]: auths({ "a.io": "docker:p", "b.io": "docker:p" }) });
    const env = {
      ...home.env,
      REG_REGISTRY: "a.io",
      REG_USERNAME: "env",
      REG_PASSWORD: "p",
      DOCKER_AUTH_CONFIG: auths({ "b.io": "variable:p" }),
    };
    const store = defaultCredentialStore({ env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "env" });
    expect(await store.get({ registry: "b.io" })).toMatchObject({ username: "variable" });
  });

  test("knows REGISTRY_AUTH_FILE alone of all files, and writes to it", async () => {
    await using home = await makeHome({
      [DOCKER]: auths({ "a.io": "docker:p" }),
      "$HOME/my.json": auths({ "b.io": "mine:p" }),
    });
    const store = defaultCredentialStore({
      env: { ...home.env, REGISTRY_AUTH_FILE: home.path("$HOME/my.json") },
    });
    expect(await store.get({ registry: "a.io" })).toBeUndefined();
    expect(await store.get({ registry: "b.io" })).toMatchObject({ username: "mine" });
    await store.set({ registry: "quay.io", repository: "team" }, { username: "u", password: "p" });
    expect(await store.get({ registry: "quay.io", repository: "team/app" })).toMatchObject({ username: "u" });
    expect(await home.read("$HOME/my.json")).toContain("quay.io/team");
  });

  test("writes where docker would", async () => {
    await using home = await makeHome();
    const store = defaultCredentialStore({ env: home.env });
    await store.set({ registry: "a.io" }, { username: "u", password: "p" });
    expect(await home.read(DOCKER)).toContain("a.io");
    expect(await store.delete({ registry: "a.io" })).toBe(true);
    expect(await store.get({ registry: "a.io" })).toBeUndefined();
  });

  test("looks where registries.conf says before it looks where docker does, and keeps there", async () => {
    await using home = await makeHome({
      [DOCKER]: auths({ "a.io": "docker:p", "c.io": "docker:p" }),
      [PODMAN]: auths({ "a.io": "podman:p" }),
    });
    const found = { exit: 0, stdout: '{"Username":"helper","Secret":"p"}' };
    const none = { exit: 1, stdout: "credentials not found in native keychain\n" };
    await home.helper("named", { get: { "a.io": found, "b.io": found, "c.io": none } });
    const userOf = async (credentialHelpers: readonly string[], registry: string): Promise<unknown> =>
      defaultCredentialStore({ env: home.env, credentialHelpers }).get({ registry });
    expect(await userOf([], "a.io")).toMatchObject({ username: "docker" });
    expect(await userOf(["named"], "a.io")).toMatchObject({ username: "helper" });
    expect(await userOf(["containers-auth.json", "named"], "a.io")).toMatchObject({ username: "podman" });
    expect(await userOf(["containers-auth.json", "named"], "b.io")).toMatchObject({ username: "helper" });
    expect(await userOf(["named"], "c.io")).toMatchObject({ username: "docker" });
  });

  test("goes on where docker's helper is missing and podman knows", async () => {
    await using home = await makeHome({
      [DOCKER]: '{"credsStore":"gone"}',
      [PODMAN]: auths({ "a.io": "podman:p" }),
    });
    const store = defaultCredentialStore({ env: home.env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "podman" });
    await expect(store.get({ registry: "b.io" })).rejects.toThrow("docker-credential-gone is not installed");
  });
});

describe("podman's files", () => {
  test("are written with mode 0600, by repository, and emptied again", async () => {
    await using home = await makeHome();
    const store = containersAuthStore({ env: home.env });
    await store.set({ registry: "a.io", repository: "team" }, { username: "u", password: "p" });
    expect((await stat(home.path(PODMAN))).mode & 0o777).toBe(0o600);
    expect(await store.list()).toEqual([{ registry: "a.io/team", username: "u", source: home.path(PODMAN) }]);
    expect(await store.delete({ registry: "a.io" })).toBe(false);
    expect(await store.delete({ registry: "a.io", repository: "team" })).toBe(true);
    await expect(store.set({ registry: "a.io" }, { registryToken: "t" })).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });

  test("take their turn among the helpers that registries.conf names", async () => {
    await using home = await makeHome({ [PODMAN]: auths({ "a.io": "file:p", "b.io": "file:p" }) });
    const found = { exit: 0, stdout: '{"Username":"helper","Secret":"p"}' };
    const none = { exit: 1, stdout: "credentials not found in native keychain\n" };
    await home.helper("first", { get: { "a.io": found, "b.io": none, "c.io": { exit: 2, stdout: "" } } });
    await home.helper("last", { get: { "c.io": found } });
    const credentialHelpers = ["first", "containers-auth.json", "last"];
    const store = containersAuthStore({ env: home.env, credentialHelpers });
    expect(await store.get({ registry: "a.io", repository: "x" })).toMatchObject({
      source: "docker-credential-first",
    });
    expect(await store.get({ registry: "b.io" })).toMatchObject({ username: "file" });
    expect(await store.get({ registry: "c.io" })).toMatchObject({ source: "docker-credential-last" });
    const alone = containersAuthStore({ env: home.env, credentialHelpers: ["first"] });
    expect(await alone.get({ registry: "b.io" })).toBeUndefined();
    await expect(alone.get({ registry: "c.io" })).rejects.toMatchObject({ code: "HELPER_FAILED" });
    expect(() => containersAuthStore({ credentialHelpers: ["../x"] })).toThrow(/nothing was run/);
  });

  test("end with docker's oldest, whose keys are addresses", async () => {
    await using home = await makeHome({ "$HOME/.dockercfg": '{"https://a.io/v1/":{"auth":"dTpw"}}' });
    expect(await containersAuthStore({ env: home.env }).get({ registry: "a.io" })).toMatchObject({
      username: "u",
    });
  });

  test("have identity tokens only beside a name that can be read", async () => {
    await using home = await makeHome({
      [PODMAN]: JSON.stringify({
        auths: { "a.io": { auth: "dTo=", identitytoken: "t" }, "b.io": { identitytoken: "t" } },
      }),
    });
    const store = containersAuthStore({ env: home.env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ identityToken: "t", username: "u" });
    expect(await store.get({ registry: "b.io" })).toBeUndefined();
  });

  test("are searched on after one that is broken, whose failure is told if nothing else is found", async () => {
    await using home = await makeHome({
      [PODMAN]: "{",
      "$XDG_CONFIG_HOME/containers/auth.json": auths({ "a.io": "u:p" }),
    });
    const store = containersAuthStore({ env: home.env });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "u" });
    await expect(store.get({ registry: "b.io" })).rejects.toThrow(home.path(PODMAN));
  });
});

describe("the environment", () => {
  const secret = { REG_USERNAME: "u", REG_PASSWORD: "canary" };

  test("serves the hosts it names", async () => {
    const store = environmentStore({ env: { ...secret, REG_REGISTRY: "a.io, index.docker.io" } });
    expect(await store.get({ registry: "a.io" })).toMatchObject({ username: "u", password: "canary" });
    expect(await store.get({ registry: "docker.io" })).toMatchObject({ username: "u" });
    expect(await store.get({ registry: "b.io" })).toBeUndefined();
    expect((await store.list?.())?.map(({ registry }) => registry)).toEqual(["a.io", "docker.io"]);
    const token = environmentStore({ prefix: "CI", env: { CI_REGISTRY: "a.io", CI_REGISTRY_TOKEN: "t" } });
    expect(await token.get({ registry: "a.io" })).toMatchObject({ registryToken: "t" });
  });

  test.each([
    ["no host is named", secret],
    ["there is a password without a name", { REG_REGISTRY: "a.io", REG_PASSWORD: "canary" }],
    ["there are two secrets", { ...secret, REG_REGISTRY: "a.io", REG_IDENTITY_TOKEN: "canary" }],
  ])("is refused where %s", async (_, env) => {
    const error = await environmentStore({ env })
      .get({ registry: "a.io" })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "CONFIG" });
    expect(String(error)).not.toContain("canary");
  });

  test("means nothing where it is empty", async () => {
    expect(await environmentStore({ env: {} }).get({ registry: "a.io" })).toBeUndefined();
    expect(await environmentStore({ env: { REG_REGISTRY: "a.io", REG_USERNAME: "u" } }).list?.()).toEqual([]);
  });
});

describe("DOCKER_AUTH_CONFIG", () => {
  test("of GitLab's runner has helpers and keys narrowed to a path", async () => {
    await using home = await makeHome();
    await home.helper("x", { get: { "h.io": { exit: 0, stdout: '{"Username":"h","Secret":"s"}' } } });
    const document = {
      ...(JSON.parse(auths({ "a.io/team": "team:p", "a.io": "host:p" })) as object),
      credHelpers: { "h.io": "x" },
    };
    const store = dockerAuthConfigStore({
      env: { ...home.env, DOCKER_AUTH_CONFIG: JSON.stringify(document) },
    });
    expect(await store.get({ registry: "a.io", repository: "team/app" })).toMatchObject({ username: "team" });
    expect(await store.get({ registry: "a.io", repository: "teams/app" })).toMatchObject({
      username: "host",
    });
    expect(await store.get({ registry: "h.io" })).toMatchObject({ username: "h" });
  });

  test("that is no JSON is passed by as docker does, and told as the runner does", async () => {
    const env = { DOCKER_AUTH_CONFIG: "{canary" };
    expect(await dockerAuthConfigStore({ env }).get({ registry: "a.io" })).toBeUndefined();
    const error = await dockerAuthConfigStore({ env, dialect: "gitlab-runner" })
      .get({ registry: "a.io" })
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "CONFIG" });
    expect(String(error)).not.toContain("canary");
  });
});

describe("a Kubernetes pull secret", () => {
  test("is read from a file or from text, in both forms, the most specific path first", async () => {
    await using home = await makeHome({
      "$HOME/secret": auths({ "*.io": "glob:p", "a.io/team": "team:p", "https://b.io:5000/v2/": "port:p" }),
    });
    const store = kubernetesStore({ file: home.path("$HOME/secret") });
    expect(await store.get({ registry: "a.io", repository: "team/app" })).toMatchObject({ username: "team" });
    expect(await store.get({ registry: "a.io", repository: "other" })).toMatchObject({ username: "glob" });
    expect(await store.get({ registry: "b.io:5000", repository: "x" })).toMatchObject({ username: "port" });
    expect(await store.get({ registry: "b.io:5001", repository: "x" })).toBeUndefined();
    expect((await store.list?.())?.length).toBe(3);
    const older = kubernetesStore({ json: '{"a.io":{"username":"u","password":"p"}}' });
    expect(await older.get({ registry: "a.io", repository: "x" })).toMatchObject({ username: "u" });
  });

  test.each([
    ["*", "abc", true],
    ["a*c*e", "abcde", true],
    ["a*c*e", "abcd", false],
    ["a?c", "abc", true],
    ["[a-c]x", "bx", true],
    ["[^a-c]x", "bx", false],
    ["[abc", "a", false],
    ["", "", true],
  ])("globs %j against %j: %s", (glob, text, expected) => {
    expect(globMatches(glob, text)).toBe(expected);
  });

  test("globs as the same pattern written as a regular expression", () => {
    const glob = fc
      .array(fc.constantFrom("*", "?", "a", "b", "-"), { maxLength: 8 })
      .map((items) => items.join(""));
    const label = fc.array(fc.constantFrom("a", "b", "-"), { maxLength: 8 }).map((items) => items.join(""));
    fc.assert(
      fc.property(glob, label, (pattern, text) => {
        const oracle = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(globMatches(pattern, text)).toBe(oracle.test(text));
      }),
    );
  });

  test("of any content finds something, nothing, or what is wrong with it", () => {
    const host = fc.constantFrom(
      "a.io",
      "*.io",
      "[a",
      "a.io/team",
      "https://a.io/v1/",
      "a.io:5000",
      "",
      "index.docker.io",
    );
    const entry = fc.oneof(fc.jsonValue(), fc.record({ auth: fc.oneof(fc.string(), fc.constant("dTpw")) }));
    fc.assert(
      fc.property(fc.dictionary(host, entry), fc.boolean(), (entries, nested) => {
        const document: Readonly<Record<string, unknown>> = nested ? { auths: entries } : entries;
        try {
          const found = findKubernetesCredentials(
            document,
            { registry: "a.io", repository: "team/app" },
            "secret",
          );
          for (const { key } of found) expect(Object.keys(entries)).toContain(key);
        } catch (error) {
          expect(error).toMatchObject({ code: "CONFIG" });
        }
      }),
    );
  });

  test("with a pattern full of stars takes no time", () => {
    const start = performance.now();
    globMatches(`${"*a".repeat(50)}b`, "a".repeat(253));
    expect(performance.now() - start).toBeLessThan(100);
  });
});
