import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLoopbackHost, isPrivateHost } from "../src/address.ts";
import { assertRealmMayHaveSecrets, resolveRealm } from "../src/realm.ts";

const PUBLIC = new URL("https://reg.example.com/v2/");

describe("a realm as a URL", () => {
  test.each([
    ["https://auth.example.com/token?x=1#y", "https://auth.example.com/token?x=1"],
    ["HTTPS://AUTH.example.com/token", "https://auth.example.com/token"],
    ["/token", "https://reg.example.com/token"],
    ["//auth.example.com/token", "https://auth.example.com/token"],
  ])("%s is %s", (realm, expected) => {
    expect(resolveRealm(realm, PUBLIC, {})?.href).toBe(expected);
  });

  test.each([
    "",
    "example",
    "My Registry",
    "https://",
    "https://auth.example.com/\u0001",
    "https://auth.example.com/a\nb",
    "https://user:pw@auth.example.com/",
    "file:///etc/passwd",
    "ftp://auth.example.com/",
    "javascript:alert(1)",
  ])("%j is none", (realm) => {
    expect(resolveRealm(realm, PUBLIC, {})).toBeUndefined();
  });

  test("is never one over plain http for a registry over https, whatever is allowed", () => {
    const rules = {
      realms: { "reg.example.com": ["http://auth.example.com"] },
      sendSecretsOverPlainHttp: true,
    };
    for (const realm of ["http://auth.example.com/", "http://reg.example.com/"]) {
      expect(() => resolveRealm(realm, PUBLIC, rules)).toThrow(
        expect.objectContaining({ code: "POLICY_REFUSED" }),
      );
    }
  });

  test.each([
    "https://127.0.0.1/",
    "https://0x7f.1/",
    "https://2130706433/",
    "https://localhost/",
    "https://a.localhost/",
    "https://10.1.2.3/",
    "https://172.31.0.1/",
    "https://192.168.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1/",
    "https://0.0.0.0/",
    "https://[::]/",
    "https://[::1]/",
    "https://[::ffff:10.0.0.1]/",
    "https://[64:ff9b::a00:1]/",
    "https://[fd00::1]/",
    "https://[fe80::1]/",
    "https://[2002:7f00:1::]/",
  ])("%s is refused where the registry is public, unless it is named", (realm) => {
    expect(() => resolveRealm(realm, PUBLIC, {})).toThrow(/realms: \{ "reg\.example\.com"/);
    const { origin } = new URL(realm);
    expect(resolveRealm(realm, PUBLIC, { realms: { "reg.example.com": [origin] } })?.origin).toBe(origin);
  });

  test("at a private address is fine for a registry at one, and for the registry's own host", () => {
    expect(resolveRealm("http://127.0.0.1:5001/t", new URL("http://127.0.0.1:5000"), {})?.port).toBe("5001");
    expect(resolveRealm("https://10.0.0.2/t", new URL("https://10.0.0.1"), {})?.hostname).toBe("10.0.0.2");
    expect(resolveRealm("https://10.0.0.1:444/t", new URL("https://10.0.0.1"), {})?.port).toBe("444");
  });

  test("at a public address is fine", () => {
    for (const realm of ["https://8.8.8.8/", "https://[2001:4860:4860::8888]/", "https://172.32.0.1/"]) {
      expect(resolveRealm(realm, PUBLIC, {})).toBeDefined();
    }
  });
});

describe("secrets", () => {
  test.each([
    ["https://reg.example.com", "https://reg.example.com/token"],
    ["https://reg.example.com", "https://reg.example.com:8443/token"],
    ["https://reg.example.com", "https://auth.example.com/token"],
    ["https://reg.example.co.uk", "https://auth.example.co.uk/token"],
    ["https://registry-1.docker.io", "https://auth.docker.io/token"],
    ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth"],
    ["https://registry.digitalocean.com", "https://api.digitalocean.com/v2/registry/auth"],
    ["https://registry.hub.docker.com", "https://auth.docker.io/token"],
    ["http://localhost:5000", "http://127.0.0.1:5001/token"],
    ["http://127.0.0.1:5000", "http://127.0.0.1:5001/token"],
    ["http://[::1]:5000", "http://localhost:5001/token"],
  ])("of %s may go to %s", async (registry, realm) => {
    await expect(assertRealmMayHaveSecrets(new URL(realm), new URL(registry), {})).resolves.toBeUndefined();
  });

  test.each([
    ["https://reg.example.com", "https://example.net/token"],
    ["https://reg.example.com", "https://reg.example.com.evil.net/token"],
    ["https://reg.example.co.uk", "https://evil.co.uk/token"],
    ["https://me.github.io", "https://evil.github.io/token"],
    ["https://me.azurecr.io", "https://evil.azurecr.io/token"],
    ["https://8.8.8.8", "https://8.8.4.4/token"],
    ["http://127.0.0.1:5000", "http://127.0.0.2:5001/token"],
    ["https://10.0.0.1", "https://10.0.0.2/token"],
    ["https://registry-1.docker.io", "https://auth.docker.io.evil.net/"],
  ])("of %s may not go to %s", async (registry, realm) => {
    await expect(assertRealmMayHaveSecrets(new URL(realm), new URL(registry), {})).rejects.toMatchObject({
      code: "POLICY_REFUSED",
    });
  });

  test("may go where the caller says, by host or pattern, by origin or bare host", async () => {
    const realm = new URL("https://sso.example.net/token");
    for (const realms of [
      { "reg.example.com": ["https://sso.example.net"] },
      { "*.example.com": ["sso.example.net"] },
    ]) {
      await expect(assertRealmMayHaveSecrets(realm, PUBLIC, { realms })).resolves.toBeUndefined();
    }
    for (const realms of [
      { "example.com": ["https://sso.example.net"] },
      { "reg.example.com": ["https://sso.example.net:8443"] },
      { "reg.example.com": ["http://sso.example.net"] },
    ]) {
      await expect(assertRealmMayHaveSecrets(realm, PUBLIC, { realms })).rejects.toMatchObject({
        code: "POLICY_REFUSED",
      });
    }
  });

  test("do not cross a network in plain text unless allowed", async () => {
    const registry = new URL("http://reg.corp:5000");
    const realm = new URL("http://reg.corp:5001/token");
    await expect(assertRealmMayHaveSecrets(realm, registry, {})).rejects.toThrow(/sendSecretsOverPlainHttp/);
    const rules = { sendSecretsOverPlainHttp: ["reg.corp:5001"] };
    await expect(assertRealmMayHaveSecrets(realm, registry, rules)).resolves.toBeUndefined();
  });
});

test("an address is judged alike in each of its spellings", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const value = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
      const folded = new URL(`https://${value}/`).hostname;
      expect(isPrivateHost(folded)).toBe(isPrivateHost(address));
      expect(isPrivateHost(new URL(`https://[::ffff:${address}]/`).hostname)).toBe(isPrivateHost(address));
      expect(isLoopbackHost(address)).toBe(address.startsWith("127."));
    }),
  );
});

test("a name is no address", () => {
  for (const name of ["10.example.com", "localhost.example.com", "1.2.3.4.5", "fd00.example"]) {
    expect(isPrivateHost(name)).toBe(false);
  }
});
