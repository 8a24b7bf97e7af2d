import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  compose,
  fetchTransport,
  type Transport,
  type TransportResponse,
  withRedirects,
  withRetry,
} from "@reg/transport";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type DockerRegistry, startDockerRegistry } from "../../../.config/docker-registry.ts";
import { hasPrograms } from "../../../.config/programs.ts";
import { type Authenticator, createAuthenticator, staticCredentials, withAuth } from "../src/index.ts";
import { containersAuthStore, dockerConfigStore, fileTokenCache, kubernetesStore } from "../src/node.ts";
import { makeHome } from "./support/home.ts";
import { startTokenServer, type TokenServer } from "./support/token-server.ts";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";
const all = ["pull", "push", "delete"];

describe.skipIf(!hasPrograms("docker-registry", "openssl"))("a registry in token mode", () => {
  let folder: string;
  let tokens: TokenServer;
  let registry: DockerRegistry;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "reg-auth-interop-"));
    tokens = await startTokenServer(
      folder,
      {
        writer: { password: "pä:ss", rights: { "team/": all } },
        reader: { password: "read", rights: { "team/": ["pull"] } },
        "": { password: "", rights: { "team/public": ["pull"] } },
      },
      new Map([["refresh-me", "writer"]]),
    );
    registry = await startDockerRegistry({ auth: () => tokens.registryAuth() });
  });

  afterAll(async () => {
    await registry[Symbol.asyncDispose]();
    await tokens[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  beforeEach(() => {
    tokens.lifetimeSeconds = undefined;
    tokens.log.length = 0;
  });

  const as = (username: string, password: string): Authenticator =>
    createAuthenticator({ credentials: staticCredentials({ [registry.host]: { username, password } }) });

  test("takes a push, a pull, a mount and a delete, each with the scopes it needs", async () => {
    const writer = clientOf(registry, as("writer", "pä:ss"));
    const image = await pushImage(writer, "team/app", ["repository:team/app:pull,push"]);
    expect(
      (await writer("GET", `team/app/manifests/${image.digest}`, ["repository:team/app:pull"])).status,
    ).toBe(200);

    const scopes = ["repository:team/other:pull,push", "repository:team/app:pull"];
    const mounted = await writer(
      "POST",
      `team/other/blobs/uploads/?mount=${image.layer}&from=team/app`,
      scopes,
    );
    expect(mounted.status).toBe(201);
    expect(tokens.log.length).toBe(2);

    const removed = await writer("DELETE", `team/app/manifests/${image.digest}`, [
      "repository:team/app:delete",
    ]);
    expect(removed.status).toBe(202);
    expect(tokens.log.at(-1)?.scopes).toEqual(["repository:team/app:delete"]);
    expect(
      (await writer("HEAD", `team/app/manifests/${image.digest}`, ["repository:team/app:pull"])).status,
    ).toBe(404);
  });

  test("is asked for one token by a thousand requests at the same moment", async () => {
    const writer = clientOf(registry, as("writer", "pä:ss"));
    const image = await pushImage(writer, "team/many", ["repository:team/many:pull,push"]);
    const reader = clientOf(registry, as("reader", "read"));
    tokens.log.length = 0;
    const requests = Array.from({ length: 1000 }, () =>
      reader("HEAD", `team/many/manifests/${image.digest}`, ["repository:team/many:pull"]),
    );
    expect((await Promise.all(requests)).every(({ status }) => status === 200)).toBe(true);
    expect(tokens.log.length).toBe(1);
  });

  test("lets a long push go on when the token ends in the middle", async () => {
    const scopes = ["repository:team/long:pull,push"];
    const writer = clientOf(registry, as("writer", "pä:ss"));
    tokens.lifetimeSeconds = 3;
    const parts = [randomBytes(100_000), randomBytes(100_000)];
    let location = (await writer("POST", "team/long/blobs/uploads/", scopes)).headers.get("location") ?? "";
    for (const part of parts) {
      const answer = await writer("PATCH", location, scopes, part, "application/octet-stream");
      expect(answer.status).toBe(202);
      location = answer.headers.get("location") ?? "";
      await new Promise((resolve) => setTimeout(resolve, 4000));
    }
    const digest = digestOf(Buffer.concat(parts));
    expect((await writer("PUT", withQuery(location, digest), scopes)).status).toBe(201);
    expect(tokens.log.length).toBe(3);
    expect((await writer("HEAD", `team/long/blobs/${digest}`, scopes)).status).toBe(200);
  });

  test("serves what is public to anybody, and nothing else", async () => {
    const writer = clientOf(registry, as("writer", "pä:ss"));
    const image = await pushImage(writer, "team/public", ["repository:team/public:pull,push"]);
    tokens.log.length = 0;
    const anybody = clientOf(registry, createAuthenticator());
    expect(
      (await anybody("GET", `team/public/manifests/${image.digest}`, ["repository:team/public:pull"])).status,
    ).toBe(200);
    const refused = await anybody("GET", `team/app/manifests/${image.digest}`, ["repository:team/app:pull"]);
    expect(refused.status).toBe(401);
    expect(tokens.log.length).toBe(2);
  });

  test("refuses a wrong password by way of the token server, in its words", async () => {
    const wrong = clientOf(registry, as("writer", "canary"));
    const error = await wrong("GET", "team/app/manifests/1", ["repository:team/app:pull"]).catch(
      (e: unknown) => e,
    );
    expect(error).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
    expect(String(error)).toContain("incorrect username or password");
    expect(String(error)).not.toContain("canary");
    expect(tokens.log.length).toBe(1);
  });

  test("refuses a scope that was not granted, after no more than two tokens", async () => {
    const reader = clientOf(registry, as("reader", "read"));
    const answer = await reader("POST", "team/app/blobs/uploads/", ["repository:team/app:pull,push"]);
    expect(answer.status).toBe(401);
    expect(await answer.body.json(10_000)).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    expect(tokens.log.length).toBeLessThanOrEqual(2);
  });

  test("takes a token that an earlier run kept in a file, and one renewed where that was withdrawn", async () => {
    const run = () => {
      const tokenCache = fileTokenCache(join(folder, "tokens.json"));
      const credentials = staticCredentials({ [registry.host]: { username: "reader", password: "read" } });
      return clientOf(registry, createAuthenticator({ credentials, tokenCache }));
    };
    const image = await pushImage(clientOf(registry, as("writer", "pä:ss")), "team/kept", [
      "repository:team/kept:pull,push",
    ]);
    const scopes = ["repository:team/kept:pull"];
    tokens.log.length = 0;
    tokens.lifetimeSeconds = 2;
    expect((await run()("GET", `team/kept/manifests/${image.digest}`, scopes)).status).toBe(200);
    expect((await run()("GET", `team/kept/manifests/${image.digest}`, scopes)).status).toBe(200);
    expect(tokens.log.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    tokens.lifetimeSeconds = undefined;
    expect((await run()("GET", `team/kept/manifests/${image.digest}`, scopes)).status).toBe(200);
    expect(tokens.log.length).toBe(2);
  });

  test("gets the next entry of a pull secret where it refuses the first", async () => {
    const image = await pushImage(clientOf(registry, as("writer", "pä:ss")), "team/next", [
      "repository:team/next:pull,push",
    ]);
    tokens.log.length = 0;
    const auths = {
      [`${registry.host}/team`]: { username: "writer", password: "of last year" },
      [registry.host]: { username: "reader", password: "read" },
    };
    const credentials = kubernetesStore({ json: JSON.stringify({ auths }) });
    const reader = clientOf(registry, createAuthenticator({ credentials }));
    expect(
      (await reader("GET", `team/next/manifests/${image.digest}`, ["repository:team/next:pull"])).status,
    ).toBe(200);
    expect(tokens.log.map(({ user }) => user)).toEqual(["?", "reader"]);
  });

  test("takes an identity token's access tokens", async () => {
    const credentials = staticCredentials({ [registry.host]: { identityToken: "refresh-me" } });
    const writer = clientOf(registry, createAuthenticator({ credentials }));
    await pushImage(writer, "team/identity", ["repository:team/identity:pull,push"]);
    expect(tokens.log).toEqual([
      { method: "POST", user: "writer", scopes: ["repository:team/identity:pull,push"] },
    ]);
  });

  test("explains itself", async () => {
    const scopes = ["repository:team/app:pull,push"];
    const url = new URL("/v2/team/app/blobs/uploads/", registry.origin);
    const authenticator = createAuthenticator({
      credentials: staticCredentials({ [registry.host]: { username: "reader", password: "read" } }),
    });
    const told = await authenticator.explain({
      registry: registry.host,
      url,
      scopes,
      transport: network(),
      method: "GET",
    });
    expect(told.events.find(({ kind }) => kind === "token-request")).toMatchObject({
      realm: tokens.realm,
      service: "test registry",
      scopes,
      as: "password",
      username: "reader",
    });
  });
});

describe.skipIf(!hasPrograms("docker-registry", "htpasswd"))("a registry with htpasswd", () => {
  const me = { username: "me", password: "pä:ss" };
  let registry: DockerRegistry;

  beforeAll(async () => {
    registry = await startDockerRegistry({
      auth: async (folder) => {
        const path = join(folder, "htpasswd");
        await writeFile(path, execFileSync("htpasswd", ["-Bbn", "-C", "5", "me", "pä:ss"]));
        return { htpasswd: { realm: "test", path } };
      },
    });
  });

  afterAll(() => registry[Symbol.asyncDispose]());

  test.skipIf(!hasPrograms("skopeo"))(
    "finds what skopeo's login wrote, and skopeo what we wrote",
    async () => {
      await using home = await makeHome();
      const skopeo = (...args: readonly string[]): string =>
        execFileSync("skopeo", args, {
          env: { ...home.env, PATH: process.env["PATH"] },
          encoding: "utf8",
          stdio: "pipe",
        });
      const file = home.path("$HOME/auth.json");
      skopeo("login", "--tls-verify=false", "--authfile", file, "-u", "me", "-p", "pä:ss", registry.host);
      const theirs = containersAuthStore({ env: home.env, file });
      expect(await theirs.get({ registry: registry.host, repository: "team/app" })).toMatchObject(me);

      const client = clientOf(registry, createAuthenticator({ credentials: theirs }));
      const image = await pushImage(client, "team/app", ["repository:team/app:pull,push"]);
      const inspect = [
        "inspect",
        "--raw",
        "--tls-verify=false",
        `docker://${registry.host}/team/app@${image.digest}`,
      ];
      expect(() => skopeo(...inspect)).toThrow(/authentication required|unauthorized/);
      for (const store of [containersAuthStore({ env: home.env }), dockerConfigStore({ env: home.env })]) {
        await store.set({ registry: registry.host }, me);
        expect(skopeo(...inspect)).toContain("schemaVersion");
        expect(await store.delete({ registry: registry.host })).toBe(true);
        expect(() => skopeo(...inspect)).toThrow(/authentication required|unauthorized/);
      }
    },
  );

  test("takes a push with the right password and refuses the wrong one", async () => {
    for (const [password, status] of [
      ["pä:ss", 202],
      ["wrong", 401],
    ] as const) {
      const credentials = staticCredentials({ [registry.host]: { username: "me", password } });
      const client = clientOf(registry, createAuthenticator({ credentials }));
      expect(
        (await client("POST", "team/app/blobs/uploads/", ["repository:team/app:pull,push"])).status,
      ).toBe(status);
    }
    expect((await clientOf(registry, createAuthenticator())("GET", "", [])).status).toBe(401);
  });
});

type Client = (
  method: string,
  path: string,
  scopes: readonly string[],
  body?: Uint8Array,
  type?: string,
) => Promise<TransportResponse>;

function network(): Transport {
  return compose(fetchTransport(), withRetry(), withRedirects());
}

function clientOf(registry: DockerRegistry, authenticator: Authenticator): Client {
  const transport = compose(fetchTransport(), withAuth(authenticator), withRetry(), withRedirects());
  return (method, path, scopes, body, type) =>
    transport({
      method,
      url: new URL(path, `${registry.origin}/v2/`),
      headers: { accept: MANIFEST_TYPE, ...(type === undefined ? {} : { "content-type": type }) },
      body,
      context: { registry: registry.host, origin: registry.origin, scopes },
    });
}

async function pushImage(
  client: Client,
  repository: string,
  scopes: readonly string[],
): Promise<{ readonly digest: string; readonly layer: string }> {
  const config = Buffer.from("{}");
  const layer = randomBytes(1000);
  for (const blob of [config, layer]) {
    const session = await client("POST", `${repository}/blobs/uploads/`, scopes);
    expect(session.status).toBe(202);
    const location = withQuery(session.headers.get("location") ?? "", digestOf(blob));
    expect((await client("PUT", location, scopes, blob, "application/octet-stream")).status).toBe(201);
  }
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST_TYPE,
      config: {
        mediaType: "application/vnd.oci.image.config.v1+json",
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        { mediaType: "application/vnd.oci.image.layer.v1.tar", size: layer.length, digest: digestOf(layer) },
      ],
    }),
  );
  const digest = digestOf(manifest);
  const answer = await client("PUT", `${repository}/manifests/${digest}`, scopes, manifest, MANIFEST_TYPE);
  expect(answer.status).toBe(201);
  return { digest, layer: digestOf(layer) };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

function withQuery(location: string, digest: string): string {
  const url = new URL(location, "http://relative.invalid");
  url.searchParams.set("digest", digest);
  return location.startsWith("/") ? url.pathname + url.search : url.href;
}
