import { digestOf, MEDIA_TYPES } from "@reg/content";
import type { Digest } from "@reg/reference";
import { createRegistry, memoryStorage, serve } from "@reg/server";
import { describe, expect, it } from "vitest";
import { type DeletedRepository, isRegistryError, RepositoryDeletionError } from "../src/index.ts";
import { encode } from "./support/empty-manifest.ts";
import {
  type Answer,
  errorBody,
  type Script,
  type ScriptedRegistry,
  type Seen,
  scriptedRegistry,
  testClient,
} from "./support/scripted-registry.ts";
import { BASIC, bearer, signingClient, wantsToken } from "./support/sign-in.ts";

const json = (document: unknown, status = 200): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(document),
});

const digest = digestOf(encode("a"));

/** A repository that exists, of a registry that has no way to delete it. */
const EXISTS: Script = { "GET /v2/demo/app/tags/list": json({ name: "demo/app", tags: ["1.0"] }) };

const ACR: Script = {
  "GET /acr/v1/demo/app": json({ registry: "x", imageName: "demo/app", manifestCount: 1, tagCount: 2 }),
  "DELETE /acr/v1/demo/app": json({ manifestsDeleted: [digest], tagsDeleted: ["1.0", "2.0"] }, 202),
};

const HARBOR_ERROR = json({ errors: [{ code: "UNAUTHORIZED", message: "unauthorized" }] }, 401);
const ifBasic =
  (answer: Answer) =>
  (seen: Seen): Answer =>
    seen.headers.authorization === BASIC ? answer : HARBOR_ERROR;

const HARBOR: Script = {
  "GET /acr/v1/demo/team/app": { status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
  "GET /acr/v1/demo/other": { status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
  "GET /api/v2.0/systeminfo": json({ auth_mode: "db_auth", self_registration: false }),
  "GET /api/v2.0/projects/demo/repositories/team%252Fapp": ifBasic(
    json({ name: "demo/team/app", artifact_count: 7 }),
  ),
  "DELETE /api/v2.0/projects/demo/repositories/team%252Fapp": ifBasic({ status: 200 }),
};

const QUAY_ERROR = { error_type: "invalid_token", error_message: "", title: "invalid_token", status: 401 };
const ifToken =
  (answer: Answer) =>
  (seen: Seen): Answer =>
    seen.headers.authorization === "Bearer oauth" ? answer : json(QUAY_ERROR, 401);

const QUAY: Script = {
  "GET /api/v1/repository/demo/app": ifToken(json({ namespace: "demo", name: "app", kind: "image" })),
  "DELETE /api/v1/repository/demo/app": ifToken({ status: 204 }),
};

const deletions = (registry: ScriptedRegistry): string[] =>
  registry.lines.filter((line) => line.startsWith("DELETE "));

describe("a repository that its registry deletes", () => {
  it("ACR: at /acr/v1, with a token for whatever its challenge names, and tells what it has deleted", async () => {
    const scope = (seen: Seen): string =>
      `repository:demo/app:${seen.method === "GET" ? "metadata_read" : "delete"}`;
    const guarded = Object.fromEntries(
      Object.entries(ACR).map(([line, answer]) => [
        line,
        (seen: Seen): Answer =>
          seen.headers.authorization === `Bearer ${scope(seen)}`
            ? (answer as Answer)
            : bearer(seen, scope(seen)),
      ]),
    );
    await using registry = await scriptedRegistry({
      ...guarded,
      // A token for the last action that was asked for: the one the challenge named.
      "GET /token": (seen) => {
        const asked = new URL(seen.path, "http://x").searchParams.getAll("scope").join(" ");
        const action = asked.includes("metadata_read") ? "metadata_read" : "delete";
        return json({ token: `repository:demo/app:${action}` });
      },
    });
    const client = signingClient(registry.host);
    expect(await client.catalog.delete(`${registry.host}/demo/app`)).toEqual({
      repository: `${registry.host}/demo/app`,
      way: "acr",
      dryRun: false,
      manifests: [digest],
      tags: ["1.0", "2.0"],
      manifestCount: 1,
      tagCount: 2,
      remaining: { manifests: [], tags: [] },
    });
    expect(deletions(registry).at(-1)).toBe("DELETE /acr/v1/demo/app");
  });

  it("ACR: keeps what is locked, and says why", async () => {
    await using registry = await scriptedRegistry({
      ...ACR,
      "DELETE /acr/v1/demo/app": {
        status: 405,
        body: errorBody("UNSUPPORTED", "The operation is disallowed"),
      },
    });
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, { by: "either" });
    await expect(deleting).rejects.toMatchObject({ code: "UNSUPPORTED", status: 405 });
    await expect(deleting).rejects.toThrow("The operation is disallowed");
    expect(deletions(registry)).toHaveLength(1);
  });

  it("ACR: has no such repository", async () => {
    await using registry = await scriptedRegistry({
      "GET /acr/v1/demo/app": { status: 404, body: errorBody("NAME_UNKNOWN") },
      "GET /v2/demo/app/tags/list": { status: 404, body: errorBody("NAME_UNKNOWN") },
    });
    const client = testClient();
    const deleting = client.catalog.delete(`${registry.host}/demo/app`);
    await expect(deleting).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(client.capabilities.get(registry.host, "acrDelete")).toBeUndefined();
  });

  it("Harbor: with the account's password, sent when it is known to be one, and a slash encoded twice", async () => {
    await using registry = await scriptedRegistry(HARBOR);
    const client = signingClient(registry.host);
    const outcome = await client.catalog.delete(`${registry.host}/demo/team/app`);
    expect(outcome).toMatchObject({ way: "harbor", manifestCount: 7, dryRun: false });
    expect(outcome.manifests).toBeUndefined();
    expect(deletions(registry).at(-1)).toBe("DELETE /api/v2.0/projects/demo/repositories/team%252Fapp");
    const withPassword = registry.requests.filter(({ headers }) => headers.authorization === BASIC);
    expect(withPassword.every(({ path }) => path.startsWith("/api/v2.0/projects/"))).toBe(true);
  });

  it("Harbor: keeps a token server's tokens to itself, so that without a password nothing is deleted", async () => {
    await using registry = await scriptedRegistry(
      wantsToken({ ...HARBOR, "GET /v2/": { status: 200 } }, (seen) => bearer(seen, "")),
    );
    const client = signingClient(registry.host, "nobody");
    const deleting = client.catalog.delete(`${registry.host}/demo/team/app`);
    await expect(deleting).rejects.toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
    expect(registry.lines.filter((line) => line.includes("/token"))).toEqual([]);
    expect(deletions(registry)).toEqual([]);
  });

  it("Quay: with the token of an OAuth application, which goes to its API alone", async () => {
    await using registry = await scriptedRegistry(QUAY);
    const client = testClient();
    const repository = `${registry.host}/demo/app`;
    await expect(client.catalog.delete(repository)).rejects.toMatchObject({
      code: "UNAUTHENTICATED",
      message: expect.stringContaining("option apiToken"),
    });
    const outcome = await client.catalog.delete(repository, { apiToken: "oauth" });
    expect(outcome).toMatchObject({ way: "quay", dryRun: false });
    expect(deletions(registry)).toEqual(["DELETE /api/v1/repository/demo/app"]);
    const carrying = registry.requests.filter(({ headers }) => headers.authorization !== undefined);
    expect(new Set(carrying.map(({ path }) => path))).toEqual(new Set(["/api/v1/repository/demo/app"]));
  });

  it("Quay: refuses a token that may not, in its own words and none of the token's", async () => {
    const refused = json({ ...QUAY_ERROR, error_type: "insufficient_scope" }, 403);
    await using registry = await scriptedRegistry({ ...QUAY, "DELETE /api/v1/repository/demo/app": refused });
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, { apiToken: "oauth" });
    await expect(deleting).rejects.toMatchObject({ code: "FORBIDDEN", status: 403 });
    await expect(deleting).rejects.not.toThrow("oauth");
  });

  it("sends an API's token over plain http to this machine alone, and no line break with it", async () => {
    const client = testClient({ plainHttp: true });
    const deleting = client.catalog.delete("reg.example/demo/app", { apiToken: "oauth" });
    await expect(deleting).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    const broken = client.catalog.delete("localhost/demo/app", { apiToken: "a\r\nb" });
    await expect(broken).rejects.toMatchObject({ code: "INVALID" });
  });

  it("the embedded one: by Azure's API", async () => {
    await using listener = await serve(createRegistry({ storage: memoryStorage() }));
    const client = testClient();
    const ref = `127.0.0.1:${listener.port}/demo/app`;
    const index = encode(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }),
    );
    const { descriptor } = await client.manifests.put(`${ref}:1.0`, index, { tags: ["2.0"] });
    expect(await client.catalog.delete(ref, { dryRun: true })).toMatchObject({
      way: "acr",
      dryRun: true,
      manifestCount: 1,
      tagCount: 2,
    });
    expect(await client.manifests.exists(`${ref}:1.0`)).toBe("yes");
    expect(await client.catalog.delete(ref)).toMatchObject({
      way: "acr",
      manifests: [descriptor.digest],
      tags: ["1.0", "2.0"],
    });
    await expect(client.catalog.delete(ref)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("is gone where the deletion was sent twice, because its first answer was lost", async () => {
    await using registry = await scriptedRegistry({ ...ACR, "DELETE /acr/v1/demo/app": { status: 404 } });
    const outcome = await testClient().catalog.delete(`${registry.host}/demo/app`);
    expect(outcome).toMatchObject({ way: "acr", manifestCount: 1, tagCount: 2 });
  });

  it("is only looked at in a dry run", async () => {
    await using registry = await scriptedRegistry(ACR);
    const outcome = await testClient().catalog.delete(`${registry.host}/demo/app`, { dryRun: true });
    expect(outcome).toMatchObject({ way: "acr", dryRun: true, manifestCount: 1, tagCount: 2 });
    expect(deletions(registry)).toEqual([]);
  });
});

describe("a registry that deletes no repositories", () => {
  it("is UNSUPPORTED, which names the option, and is not asked again for an hour", async () => {
    await using registry = await scriptedRegistry(EXISTS);
    const client = testClient();
    for (const looks of [4, 1]) {
      const before = registry.lines.length;
      await expect(client.catalog.delete(`${registry.host}/demo/app`)).rejects.toMatchObject({
        code: "UNSUPPORTED",
        message: expect.stringContaining('option by: "emptying"'),
      });
      expect(registry.lines.length - before).toBe(looks);
    }
    expect(deletions(registry)).toEqual([]);
  });

  it("is not told from one that fails for the moment: nothing is remembered, and nothing is emptied in its place", async () => {
    await using registry = await scriptedRegistry({
      ...EXISTS,
      "GET /acr/v1/demo/app": [{ status: 503 }, ...Object.values(ACR).slice(0, 1)] as Answer[],
      "DELETE /acr/v1/demo/app": { status: 202 },
    });
    const client = testClient();
    const repository = `${registry.host}/demo/app`;
    const deleting = client.catalog.delete(repository, { by: "either" });
    await expect(deleting).rejects.toMatchObject({ code: "UNAVAILABLE", status: 503 });
    expect(deletions(registry)).toEqual([]);
    expect(client.capabilities.get(registry.host, "acrDelete")).toBeUndefined();
    expect(await client.catalog.delete(repository, { by: "either" })).toMatchObject({ way: "acr" });
  });

  it("may be one that does not let this account look, which is told and not remembered", async () => {
    await using registry = await scriptedRegistry({ ...EXISTS, "GET /acr/v1/demo/app": { status: 403 } });
    const client = testClient();
    const deleting = client.catalog.delete(`${registry.host}/demo/app`);
    await expect(deleting).rejects.toMatchObject({ code: "UNSUPPORTED" });
    await expect(deleting).rejects.toThrow("or none to this account");
    expect(client.capabilities.get(registry.host, "acrDelete")).toBeUndefined();
    expect(client.capabilities.get(registry.host, "harborDelete")).toBe(false);
  });

  it("has no such repository, which is NOT_FOUND", async () => {
    await using registry = await scriptedRegistry({});
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`);
    await expect(deleting).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("does not get its websites' answers, or those of other sites, taken for an API's", async () => {
    await using other = await scriptedRegistry(ACR);
    await using registry = await scriptedRegistry({
      ...EXISTS,
      "GET /acr/v1/demo/app": { status: 307, headers: { location: `http://${other.host}/acr/v1/demo/app` } },
      "GET /api/v2.0/systeminfo": { status: 200, body: "[]" },
      "GET /api/v1/repository/demo/app": { status: 200, body: '{"namespace":"demo","name":"other"}' },
    });
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`);
    await expect(deleting).rejects.toMatchObject({ code: "UNSUPPORTED" });
    expect([...deletions(registry), ...deletions(other)]).toEqual([]);
  });

  it("is given a repository, not an image of it", async () => {
    for (const ref of ["localhost:1/demo/app:1.0", `localhost:1/demo/app@${digest}`]) {
      const deleting = testClient().catalog.delete(ref, { by: "emptying" });
      await expect(deleting).rejects.toMatchObject({ code: "INVALID" });
    }
  });
});

describe("a repository that is emptied", () => {
  /** A registry with one manifest a tag, that answers each deletion as it is told. */
  function repositoryOf(
    tags: readonly string[],
    answer: (reference: string, seen: Seen) => Answer | undefined = () => undefined,
  ): {
    readonly script: Script;
    readonly left: Map<string, Uint8Array>;
    readonly digests: readonly string[];
  } {
    const manifests = tags.map((tag) =>
      encode(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociIndex,
          manifests: [],
          annotations: { tag },
        }),
      ),
    );
    const digests = manifests.map((bytes) => digestOf(bytes) as string);
    const left = new Map(tags.map((tag, i) => [tag, manifests[i] ?? new Uint8Array()]));
    const find = (reference: string): Uint8Array | undefined =>
      left.get(reference) ?? [...left.values()].find((bytes) => digestOf(bytes) === reference);
    const script: Record<string, (seen: Seen) => Answer> = {
      "GET /v2/demo/app/tags/list": () => json({ name: "demo/app", tags: [...left.keys()] }),
    };
    for (const reference of [...tags, ...digests]) {
      const path = `/v2/demo/app/manifests/${reference}`;
      const headers = { "content-type": MEDIA_TYPES.ociIndex };
      const get = (): Answer => {
        const bytes = find(reference);
        return bytes === undefined
          ? { status: 404, body: errorBody("MANIFEST_UNKNOWN") }
          : {
              status: 200,
              headers: {
                ...headers,
                "docker-content-digest": digestOf(bytes),
                "content-length": String(bytes.length),
              },
              body: bytes,
            };
      };
      script[`GET ${path}`] = get;
      script[`HEAD ${path}`] = get;
      script[`DELETE ${path}`] = (seen) => {
        const special = answer(reference, seen);
        if (special !== undefined) return special;
        const bytes = find(reference);
        if (bytes === undefined) return { status: 404, body: errorBody("MANIFEST_UNKNOWN") };
        for (const [tag, own] of left) if (own === bytes) left.delete(tag);
        return { status: 202 };
      };
    }
    return { script, left, digests };
  }

  it("tells what was deleted and what was not when one manifest is refused, and goes on when asked again", async () => {
    let refusing = true;
    const { script, left, digests } = repositoryOf(["1", "2", "3"], (reference) =>
      refusing && reference === digests[1] ? { status: 409, body: errorBody("DENIED_IMMUTABLE") } : undefined,
    );
    await using registry = await scriptedRegistry(script);
    const client = testClient();
    const repository = `${registry.host}/demo/app`;
    const heard: string[] = [];
    const error = await client.catalog
      .delete(repository, {
        by: "emptying",
        onProgress: ({ kind, reference }) => heard.push(`${kind} ${reference}`),
      })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RepositoryDeletionError);
    expect(isRegistryError(error)).toBe(true);
    expect(error).toMatchObject({
      code: "INVALID",
      status: 409,
      outcome: {
        manifests: [digests[0], digests[2]],
        tags: ["1", "3"],
        remaining: { manifests: [digests[1]], tags: ["2"] },
      },
      failures: [{ reference: digests[1], error: { status: 409 } }],
    });
    expect(heard).toEqual(
      expect.arrayContaining([
        "found 1",
        "found 2",
        "found 3",
        `deleted ${digests[0]}`,
        `failed ${digests[1]}`,
      ]),
    );
    refusing = false;
    const rest = await client.catalog.delete(repository, { by: "emptying" });
    expect(rest).toMatchObject({
      manifests: [digests[1]],
      tags: ["2"],
      remaining: { manifests: [], tags: [] },
    });
    expect(left.size).toBe(0);
  });

  it("stops where the account may not delete: the rest would be refused, too", async () => {
    const tags = ["1", "2", "3", "4"];
    const { script, digests } = repositoryOf(tags, () => ({ status: 403, body: errorBody("DENIED") }));
    await using registry = await scriptedRegistry(script);
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, {
      by: "emptying",
      concurrency: 1,
    });
    await expect(deleting).rejects.toMatchObject({
      code: "FORBIDDEN",
      outcome: { manifests: [], tags: [], remaining: { manifests: digests, tags } },
    });
    expect(deletions(registry)).toHaveLength(1);
  });

  it("distribution: deletes nothing where deleting is switched off, which is UNSUPPORTED", async () => {
    const { script } = repositoryOf(["1"], () => ({ status: 405, body: errorBody("UNSUPPORTED") }));
    await using registry = await scriptedRegistry(script);
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, { by: "either" });
    await expect(deleting).rejects.toMatchObject({ name: "RepositoryDeletionError", code: "UNSUPPORTED" });
  });

  it("GCR: keeps a manifest while a tag names it, so its tags go first", async () => {
    const { script, left } = repositoryOf(["1", "2"], (reference) => {
      if (!reference.includes(":")) {
        untagged.add(reference);
        return { status: 202 };
      }
      return untagged.size === 0
        ? { status: 409, body: errorBody("GOOGLE_MANIFEST_DANGLING_TAG", "still referenced by tag") }
        : undefined;
    });
    const untagged = new Set<string>();
    await using registry = await scriptedRegistry(script);
    const outcome = await testClient().catalog.delete(`${registry.host}/demo/app`, {
      by: "emptying",
      concurrency: 1,
    });
    expect(outcome.tags).toEqual(["1", "2"]);
    expect(left.size).toBe(0);
    expect([...untagged]).toEqual(["1"]);
  });

  it("Quay: whose token server takes the action delete for a mistake, is asked for the right to push", async () => {
    const { script, left } = repositoryOf(["1", "2"]);
    const scopes: string[] = [];
    await using registry = await scriptedRegistry({
      ...wantsToken(script, (seen) => bearer(seen, "")),
      "GET /token": (seen) => {
        const scope = new URL(seen.path, "http://x").searchParams.get("scope") ?? "";
        scopes.push(scope);
        const refused = scope.endsWith(":delete") || scope === "";
        return refused ? { status: 400, body: errorBody("INVALID_REQUEST") } : json({ token: "t" });
      },
    });
    const client = signingClient(registry.host);
    await client.catalog.delete(`${registry.host}/demo/app`, { by: "emptying", concurrency: 1 });
    expect(left.size).toBe(0);
    expect(scopes.filter((scope) => scope.endsWith(":delete"))).toHaveLength(1);
    expect(scopes.at(-1)).toBe("repository:demo/app:pull,push");
  });

  it("keeps an image whole that is refused, and takes up again what no tag leads to any more", async () => {
    const child = encode(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] }),
    );
    const descriptor = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(child), size: child.length };
    const index = encode(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [descriptor] }),
    );
    let refused: string | undefined = digestOf(index);
    const there = new Map<string, Uint8Array>([
      [digestOf(index), index],
      [digestOf(child), child],
    ]);
    const script = Object.fromEntries(
      ["1", ...there.keys()].flatMap((reference) => {
        const name = reference === "1" ? digestOf(index) : reference;
        const path = `/v2/demo/app/manifests/${reference}`;
        return [
          [
            `GET ${path}`,
            (): Answer => {
              const body = there.get(name);
              return body === undefined
                ? { status: 404 }
                : { status: 200, headers: { "content-type": MEDIA_TYPES.ociIndex }, body };
            },
          ],
          [
            `DELETE ${path}`,
            (): Answer => {
              if (reference === refused) return { status: 409, body: errorBody("TAG_IMMUTABLE") };
              there.delete(name);
              return { status: 202 };
            },
          ],
        ];
      }),
    );
    await using registry = await scriptedRegistry({
      ...script,
      "GET /v2/demo/app/tags/list": () => json({ tags: there.has(digestOf(index)) ? ["1"] : [] }),
    });
    const client = testClient();
    const empty = (manifests: readonly Digest[] = []): Promise<DeletedRepository> =>
      client.catalog.delete(`${registry.host}/demo/app`, { by: "emptying", manifests });
    await expect(empty()).rejects.toMatchObject({
      outcome: { manifests: [], remaining: { manifests: [digestOf(index), digestOf(child)], tags: ["1"] } },
    });
    expect(there.size).toBe(2);

    refused = digestOf(child);
    const error = await empty().catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      outcome: {
        manifests: [digestOf(index)],
        tags: ["1"],
        remaining: { manifests: [digestOf(child)], tags: [] },
      },
    });
    refused = undefined;
    if (!(error instanceof RepositoryDeletionError)) throw error;
    const rest = await empty(error.outcome.remaining.manifests);
    expect(rest.manifests).toEqual([digestOf(child)]);
    expect(there.size).toBe(0);
  });

  it("leaves what is pushed meanwhile, and says so", async () => {
    const { script, left, digests } = repositoryOf(["1"], () => {
      left.set("2", encode("{}"));
      return undefined;
    });
    const pushed = encode("{}");
    const headers = { "content-type": MEDIA_TYPES.ociIndex, "docker-content-digest": digestOf(pushed) };
    await using registry = await scriptedRegistry({
      ...script,
      "HEAD /v2/demo/app/manifests/2": { status: 200, headers: { ...headers, "content-length": "2" } },
    });
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, { by: "emptying" });
    await expect(deleting).rejects.toMatchObject({
      outcome: { manifests: [digests[0]], tags: ["1"], remaining: { manifests: [], tags: ["2"] } },
      failures: [{ reference: "2" }],
    });
    expect([...left.keys()]).toEqual(["2"]);
  });

  it("deletes a tag that outlived its manifest", async () => {
    let listed = true;
    await using registry = await scriptedRegistry({
      "GET /v2/demo/app/tags/list": () => json({ name: "demo/app", tags: listed ? ["1"] : [] }),
      "DELETE /v2/demo/app/manifests/1": () => {
        listed = false;
        return { status: 202 };
      },
    });
    const outcome = await testClient().catalog.delete(`${registry.host}/demo/app`, { by: "emptying" });
    expect(outcome).toMatchObject({ manifests: [], tags: ["1"], tagCount: 1 });
    expect(listed).toBe(false);
  });

  it("deletes nothing while it cannot be told what there is: a list of referrers that fails is no empty one", async () => {
    const { script, digests } = repositoryOf(["1"]);
    await using registry = await scriptedRegistry({
      ...script,
      [`GET /v2/demo/app/referrers/${digests[0] ?? ""}`]: { status: 500 },
    });
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, { by: "emptying" });
    await expect(deleting).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(deletions(registry)).toEqual([]);
  });

  it("tells by its progress what was deleted before it was aborted", async () => {
    const controller = new AbortController();
    const { script, left } = repositoryOf(["1", "2", "3"]);
    await using registry = await scriptedRegistry(script);
    const deleted: string[] = [];
    const deleting = testClient().catalog.delete(`${registry.host}/demo/app`, {
      by: "emptying",
      concurrency: 1,
      signal: controller.signal,
      onProgress({ kind, reference }) {
        if (kind !== "deleted") return;
        deleted.push(reference);
        controller.abort(new Error("enough"));
      },
    });
    await expect(deleting).rejects.toThrow("enough");
    expect(deleted).toHaveLength(1);
    expect(left.size).toBe(2);
  });

  it("keeps no more requests in flight than it is told to", async () => {
    const { script } = repositoryOf(["1", "2", "3", "4", "5", "6"]);
    let inFlight = 0;
    let most = 0;
    const slow = Object.fromEntries(
      Object.entries(script).map(([line, step]) => [
        line,
        async (seen: Seen): Promise<Answer> => {
          inFlight += 1;
          most = Math.max(most, inFlight);
          await new Promise((resolve) => setTimeout(resolve, 5));
          inFlight -= 1;
          return (step as (seen: Seen) => Answer)(seen);
        },
      ]),
    );
    await using registry = await scriptedRegistry(slow);
    await testClient().catalog.delete(`${registry.host}/demo/app`, { by: "emptying", concurrency: 2 });
    expect(most).toBeLessThanOrEqual(2);
  });
});
