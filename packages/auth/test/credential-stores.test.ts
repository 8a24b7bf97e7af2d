import { describe, expect, test } from "vitest";
import {
  AuthError,
  type CredentialLookup,
  type CredentialStore,
  chain,
  memoryCredentialStore,
  staticCredentials,
} from "../src/index.ts";

const one = { username: "one", password: "1" };
const two = { username: "two", password: "2" };
const three = { username: "three", password: "3" };

describe("static credentials", () => {
  test("are found by host, exactly", async () => {
    const store = staticCredentials({ "reg.io": one });
    expect(await store.get({ registry: "reg.io", repository: "a/b" })).toMatchObject(one);
    for (const registry of ["reg.io.evil.com", "evil-reg.io", "reg.io:443", "sub.reg.io"]) {
      expect(await store.get({ registry })).toBeUndefined();
    }
  });

  test("of the most specific key count: repository, parent, host, pattern, all", async () => {
    const store = staticCredentials({
      "*": one,
      "*.corp": two,
      "*.lab.corp": three,
      "reg.corp": { username: "host", password: "" },
      "reg.corp/team": { username: "team", password: "" },
    });
    const name = async (registry: string, repository?: string): Promise<unknown> => {
      const found = await store.get({ registry, repository });
      return found !== undefined && "username" in found ? found.username : undefined;
    };
    expect(await name("reg.corp", "team/app")).toBe("team");
    expect(await name("reg.corp", "teammate/app")).toBe("host");
    expect(await name("other.corp")).toBe("two");
    expect(await name("a.b.lab.corp")).toBe("three");
    expect(await name("corp")).toBe("one");
    expect(await name("evilcorp")).toBe("one");
  });

  test("know Docker Hub by all its names", async () => {
    for (const key of [
      "docker.io",
      "https://index.docker.io/v1/",
      "registry-1.docker.io",
      "index.docker.io",
    ]) {
      const store = staticCredentials({ [key]: one });
      expect(await store.get({ registry: "docker.io", repository: "library/ubuntu" })).toMatchObject(one);
    }
  });
});

test("a memory store gives back, lists and forgets what it was given", async () => {
  const store = memoryCredentialStore();
  await store.set({ registry: "REG.io" }, one);
  await store.set({ registry: "reg.io", repository: "team" }, two);
  expect(await store.get({ registry: "reg.io", repository: "team/app" })).toMatchObject(two);
  expect(await store.get({ registry: "reg.io" })).toMatchObject(one);
  expect((await store.list()).map(({ registry }) => registry)).toEqual(["reg.io", "reg.io/team"]);
  expect(await store.delete({ registry: "reg.io" })).toBe(true);
  expect(await store.delete({ registry: "reg.io" })).toBe(false);
  expect(await store.get({ registry: "reg.io" })).toBeUndefined();
});

describe("a chain", () => {
  const broken: CredentialStore = { get: () => Promise.reject(new AuthError("HELPER_FAILED", "broken")) };

  test("asks in turn and stops at the first that knows", async () => {
    const asked: CredentialLookup[] = [];
    const store = chain(
      staticCredentials({ "a.io": one }),
      staticCredentials({ "b.io": two }),
      staticCredentials({ "*": three }),
    );
    expect(await store.get({ registry: "b.io" }, { trace: (lookup) => asked.push(lookup) })).toMatchObject(
      two,
    );
    expect(asked.map(({ found }) => found)).toEqual(["nothing", "password"]);
    expect(JSON.stringify(asked)).not.toContain('"2"');
  });

  test("passes a failure by while another store knows, and tells it otherwise", async () => {
    const store = chain(broken, staticCredentials({ "a.io": one }));
    expect(await store.get({ registry: "a.io" })).toMatchObject(one);
    await expect(store.get({ registry: "b.io" })).rejects.toThrow("broken");
  });

  test("writes to the first that can, deletes from all, and lists all", async () => {
    const first = memoryCredentialStore();
    const second = memoryCredentialStore();
    await second.set({ registry: "a.io" }, two);
    const store = chain(staticCredentials({ "s.io": three }), first, second);
    await store.set({ registry: "a.io" }, one);
    expect(await first.get({ registry: "a.io" })).toMatchObject(one);
    expect((await store.list()).map(({ registry }) => registry)).toEqual(["s.io", "a.io", "a.io"]);
    expect(await store.delete({ registry: "a.io" })).toBe(true);
    expect(await store.get({ registry: "a.io" })).toBeUndefined();
    await expect(chain(broken).set({ registry: "a.io" }, one)).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  test("stops when the caller does", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(chain(staticCredentials({})).get({ registry: "a.io" }, { signal })).rejects.toThrow(
      "enough",
    );
  });
});
