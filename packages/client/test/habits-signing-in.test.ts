import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, it } from "vitest";
import { collect, errorBody, type Script, scriptedRegistry } from "./support/scripted-registry.ts";
import { BASIC, bearer, signingClient, wantsToken } from "./support/sign-in.ts";

const TAGS = "GET /v2/demo/tags/list";
const one = { status: 200, body: '{"name":"demo","tags":["1.0"]}' };
const token = { status: 200, body: '{"token":"t"}' };

/** Lists the tags of `demo`, and gives the requests it took. */
async function list(script: Script, as?: "nobody"): Promise<readonly string[]> {
  await using registry = await scriptedRegistry(script);
  const { tags } = signingClient(registry.host, as);
  expect(await collect(tags.list(`${registry.host}/demo`))).toEqual(["1.0"]);
  return registry.lines.map((line) => decodeURIComponent(line));
}

describe("signing in", () => {
  it("Docker Hub: a repository that is not there is a 401 with insufficient_scope, asked for twice at most", async () => {
    await using registry = await scriptedRegistry({
      "GET /token": token,
      [TAGS]: (seen) => {
        const { headers = {} } = bearer(seen, "repository:demo:pull");
        const field = `${String(headers["www-authenticate"])},error="insufficient_scope"`;
        return { status: 401, headers: { "www-authenticate": field }, body: errorBody("UNAUTHORIZED") };
      },
    });
    const { tags } = signingClient(registry.host);
    const failure = await collect(tags.list(`${registry.host}/demo`)).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: expect.stringMatching(/UNAUTHENTICATED|FORBIDDEN/) });
    expect(registry.lines.filter((line) => line === TAGS).length).toBeLessThanOrEqual(3);
  });

  it("ghcr.io: the scope its challenge names is a placeholder, the one asked for is the operation's", async () => {
    const lines = await list(
      wantsToken({ [TAGS]: one, "GET /token": token }, (seen) => bearer(seen, "repository:user/image:pull")),
    );
    const asked = lines.find((line) => line.startsWith("GET /token"));
    expect(asked).toContain("scope=repository:demo:pull");
  });

  it("quay: gives a token to GET at /v2/auth", async () => {
    const lines = await list({
      ...wantsToken({ [TAGS]: one }, (seen) => bearer(seen, "repository:demo:pull", "/v2/auth")),
      "GET /v2/auth": token,
    });
    expect(lines.map((line) => line.split("?")[0])).toEqual([TAGS, "GET /v2/auth", TAGS]);
  });

  it("ECR: wants Basic, and says so in plain text", async () => {
    const lines = await list(
      wantsToken(
        { [TAGS]: one },
        () => ({
          status: 401,
          headers: {
            "www-authenticate":
              'Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com"',
            "content-type": "text/plain; charset=utf-8",
          },
          body: "Not Authorized\n",
        }),
        BASIC,
      ),
    );
    expect(lines).toEqual([TAGS, TAGS]);
  });

  it("ECR Public: wants a token for the scope aws", async () => {
    const lines = await list(
      wantsToken({ [TAGS]: one, "GET /token": token }, (seen) => bearer(seen, "aws")),
      "nobody",
    );
    expect(lines).toHaveLength(3);
  });

  it("Artifactory and Harbor: answer 401 without any challenge, which is an error that says where", async () => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 401 } });
    const { tags } = signingClient(registry.host);
    await expect(collect(tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining(registry.host),
    });
  });

  it("GCR: real requests are refused without a challenge, the one for the API names it", async () => {
    const lines = await list({
      ...wantsToken({ [TAGS]: one }, () => ({ status: 401, body: errorBody("UNAUTHORIZED") })),
      "GET /v2/": (seen) => bearer(seen, ""),
      "GET /token": token,
    });
    expect(lines.map((line) => line.split("?")[0])).toEqual([TAGS, "GET /v2/", "GET /token", TAGS]);
  });

  it("Gitea: offers two ways, and gives a token for everything", async () => {
    const lines = await list(
      wantsToken({ [TAGS]: one, "GET /token": token }, (seen) => ({
        status: 401,
        headers: {
          "www-authenticate": [
            `Bearer realm="http://${seen.headers.host ?? ""}/token",service="container_registry",scope="*"`,
            "Basic",
          ],
        },
      })),
    );
    expect(lines.map((line) => line.split("?")[0])).toEqual([TAGS, "GET /token", TAGS]);
  });

  it("zot: quotes nothing in its challenge, and writes it in lower case", async () => {
    const lines = await list(
      wantsToken({ [TAGS]: one, "GET /token": token }, (seen) => ({
        status: 401,
        headers: {
          "www-authenticate": `bearer realm=http://${seen.headers.host ?? ""}/token,service=zot,scope=repository:demo:pull`,
        },
      })),
    );
    expect(lines).toHaveLength(3);
  });

  it("IBM: quotes nothing in its challenge, and gives no token to nobody", async () => {
    const script = wantsToken(
      {
        [TAGS]: one,
        "GET /oauth/token": ({ headers }) =>
          headers.authorization === BASIC ? token : { status: 401, body: errorBody("UNAUTHORIZED") },
      },
      (seen) => ({
        status: 401,
        headers: {
          "www-authenticate": `Bearer realm=http://${seen.headers.host ?? ""}/oauth/token, service=registry, scope=repository:demo:pull`,
        },
      }),
    );
    expect(await list(script)).toHaveLength(3);
    await expect(list(script, "nobody")).rejects.toMatchObject({ code: "UNAUTHENTICATED" });
  });

  it("Oracle: gives tokens at a path of its own, and refuses nobody in plain text", async () => {
    const script = wantsToken(
      {
        [TAGS]: one,
        "GET /20180419/docker/token": ({ headers }) =>
          headers.authorization === BASIC
            ? token
            : { status: 403, headers: { "content-type": "text/plain" }, body: "DENIED" },
      },
      (seen) => bearer(seen, "repository:demo:pull", "/20180419/docker/token"),
    );
    const lines = await list(script);
    expect(lines.map((line) => line.split("?")[0])).toEqual([TAGS, "GET /20180419/docker/token", TAGS]);
    await expect(list(script, "nobody")).rejects.toMatchObject({
      message: expect.stringContaining("403"),
    });
  });

  it("OpenShift: names its token twice, and gives one to nobody", async () => {
    const script = wantsToken(
      { [TAGS]: one, "GET /openshift/token": { status: 200, body: '{"token":"t","access_token":"t"}' } },
      (seen) => ({
        status: 401,
        headers: {
          "www-authenticate": `Bearer realm="http://${seen.headers.host ?? ""}/openshift/token"`,
          "x-registry-supports-signatures": "1",
        },
      }),
    );
    expect(await list(script, "nobody")).toEqual([
      TAGS,
      expect.stringMatching(/^GET \/openshift\/token/),
      TAGS,
    ]);
  });

  it("DigitalOcean: gives tokens to GET alone, at its API's host", async () => {
    await using api = await scriptedRegistry({
      "POST /v2/registry/auth": { status: 405 },
      "GET /v2/registry/auth": token,
    });
    const lines = await list(
      wantsToken({ [TAGS]: one }, () => ({
        status: 401,
        headers: {
          "www-authenticate": `Bearer realm="http://${api.host}/v2/registry/auth",service="registry",scope="repository:demo:pull"`,
        },
      })),
    );
    expect(lines).toEqual([TAGS, TAGS]);
    expect(api.lines.every((line) => line.startsWith("GET"))).toBe(true);
  });

  it("GitLab: gives tokens at another host, which is sent the account, and the registry is not", async () => {
    await using gitlab = await scriptedRegistry({ "GET /jwt/auth": token });
    await using registry = await scriptedRegistry(
      wantsToken({ [TAGS]: one }, () => ({
        status: 401,
        headers: {
          "www-authenticate": `Bearer realm="http://${gitlab.host}/jwt/auth",service="container_registry",scope="repository:demo:pull"`,
        },
      })),
    );
    const { tags } = signingClient(registry.host);
    expect(await collect(tags.list(`${registry.host}/demo`))).toEqual(["1.0"]);
    expect(gitlab.requests.map(({ headers }) => headers.authorization)).toEqual([BASIC]);
    expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer t"]);
  });

  it("Cloudflare: wants Basic, with a URL for a realm", async () => {
    const lines = await list(
      wantsToken(
        { [TAGS]: one },
        (seen) => ({
          status: 401,
          headers: { "www-authenticate": `Basic realm="http://${seen.headers.host ?? ""}"` },
        }),
        BASIC,
      ),
    );
    expect(lines).toEqual([TAGS, TAGS]);
  });

  it("Nexus: wants Basic at once, for public content too", async () => {
    const lines = await list(
      wantsToken(
        { [TAGS]: one },
        () => ({
          status: 401,
          headers: { "www-authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"' },
        }),
        BASIC,
      ),
    );
    expect(lines).toEqual([TAGS, TAGS]);
  });

  it("Harbor and Artifactory: the cookies they set are not sent back", async () => {
    const manifest = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}');
    await using registry = await scriptedRegistry({
      [TAGS]: { ...one, headers: { "set-cookie": ["sid=1; Path=/; HttpOnly", "sticky=a"] } },
      "GET /v2/demo/manifests/1.0": {
        status: 200,
        headers: { "content-type": MEDIA_TYPES.ociIndex, "set-cookie": "sid=2" },
        body: manifest,
      },
    });
    const client = signingClient(registry.host);
    await collect(client.tags.list(`${registry.host}/demo`));
    const { descriptor } = await client.manifests.get(`${registry.host}/demo:1.0`);
    await collect(client.tags.list(`${registry.host}/demo`));
    expect(descriptor.digest).toBe(digestOf(manifest));
    expect(registry.requests.map(({ headers }) => headers.cookie)).toEqual([undefined, undefined, undefined]);
  });
});
