import { describe, expect, test } from "vitest";
import {
  azureCredentials,
  type EcrTarget,
  ecrCredentials,
  googleCredentials,
  parseEcrHost,
} from "../src/index.ts";
import { json, scriptedTransport } from "./support/scripted-transport.ts";

const SOON = 60_000;
const LATER = 12 * 3_600_000;

function inMs(ms: number): Date {
  return new Date(Date.now() + ms);
}

describe("Amazon", () => {
  test.each([
    ["123456789012.dkr.ecr.eu-central-1.amazonaws.com", "123456789012", "eu-central-1"],
    ["123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "123456789012", "us-gov-west-1"],
    ["123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "123456789012", "cn-north-1"],
    ["123456789012.dkr-ecr.us-west-2.on.aws", "123456789012", "us-west-2"],
  ])("reads account and region from %s", (host, registryId, region) => {
    expect(parseEcrHost(host)).toEqual({ registryId, region, public: false });
  });

  test.each([
    "ghcr.io",
    "12345.dkr.ecr.us-east-1.amazonaws.com",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com.evil.example",
    "x123456789012.dkr.ecr.us-east-1.amazonaws.com",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com:443",
  ])("leaves %s alone", async (host) => {
    const store = ecrCredentials({
      getAuthorizationToken: () => Promise.reject(new Error("must not be asked")),
    });
    expect(await store.get({ registry: host })).toBeUndefined();
  });

  test("asks once for as long as a token is good, and per account and region", async () => {
    const asked: EcrTarget[] = [];
    const store = ecrCredentials({
      getAuthorizationToken: (target) => {
        asked.push(target);
        const authorizationToken = Buffer.from(`AWS:secret:${asked.length}`).toString("base64");
        return Promise.resolve({ authorizationToken, expiresAt: inMs(LATER) });
      },
    });
    const one = { registry: "123456789012.dkr.ecr.eu-central-1.amazonaws.com" };
    const both = await Promise.all([store.get(one), store.get({ ...one, repository: "team/app" })]);
    for (const found of both) expect(found).toMatchObject({ username: "AWS", password: "secret:1" });
    expect(await store.get({ registry: "public.ecr.aws" })).toMatchObject({ password: "secret:2" });
    expect(asked).toEqual([
      { registryId: "123456789012", region: "eu-central-1", public: false },
      { region: "us-east-1", public: true },
    ]);
  });

  test("asks again when a token is about to end", async () => {
    let count = 0;
    const store = ecrCredentials({
      getAuthorizationToken: () => {
        count += 1;
        return Promise.resolve({
          authorizationToken: Buffer.from("AWS:x").toString("base64"),
          expiresAt: inMs(SOON),
        });
      },
    });
    await store.get({ registry: "public.ecr.aws" });
    await store.get({ registry: "public.ecr.aws" });
    expect(count).toBe(2);
  });

  test("says so, without showing it, when the token is none", async () => {
    const store = ecrCredentials({
      getAuthorizationToken: () => Promise.resolve({ authorizationToken: "canary!" }),
    });
    const error = await store.get({ registry: "public.ecr.aws" }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "PROTOCOL" });
    expect(String(error)).not.toContain("canary");
  });
});

test("Google's registries all take one access token", async () => {
  let count = 0;
  const store = googleCredentials({
    getAccessToken: () => {
      count += 1;
      return Promise.resolve({ token: "ya29", expiresAt: inMs(LATER) });
    },
  });
  for (const registry of ["gcr.io", "eu.gcr.io", "europe-west1-docker.pkg.dev"]) {
    expect(await store.get({ registry })).toMatchObject({ username: "oauth2accesstoken", password: "ya29" });
  }
  for (const registry of ["evilgcr.io", "gcr.io.evil.example", "pkg.dev.example"]) {
    expect(await store.get({ registry })).toBeUndefined();
  }
  expect(count).toBe(1);
});

describe("Azure", () => {
  test("trades the directory's token for a refresh token, once", async () => {
    const network = scriptedTransport(() => json({ refresh_token: "refresh" }));
    const store = azureCredentials({
      transport: network,
      tenant: "contoso",
      getAccessToken: () => Promise.resolve({ token: "aad+token" }),
    });
    const key = { registry: "contoso.azurecr.io" };
    const expected = { identityToken: "refresh", username: "00000000-0000-0000-0000-000000000000" };
    expect(await store.get(key)).toMatchObject(expected);
    expect(await store.get(key)).toMatchObject(expected);
    expect(network.requests.length).toBe(1);
    expect(network.requests[0]?.url.href).toBe("https://contoso.azurecr.io/oauth2/exchange");
    expect(Object.fromEntries(new URLSearchParams(network.requests[0]?.body))).toEqual({
      grant_type: "access_token",
      service: "contoso.azurecr.io",
      tenant: "contoso",
      access_token: "aad+token",
    });
    expect(await store.get({ registry: "azurecr.io.evil.example" })).toBeUndefined();
  });

  test.each([
    ["UNAUTHENTICATED", json({ error: "canary is wrong" }, 401)],
    ["UNAVAILABLE", json({}, 503)],
    ["PROTOCOL", json({ access_token: "x" })],
  ])("fails with %s", async (code, answer) => {
    const store = azureCredentials({
      transport: scriptedTransport(() => answer),
      getAccessToken: () => Promise.resolve({ token: "canary" }),
    });
    const error = await store.get({ registry: "contoso.azurecr.io" }).catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect(String(error)).not.toContain("canary");
  });
});
