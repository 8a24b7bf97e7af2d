import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, it } from "vitest";
import { emptyManifest as manifest } from "./support/empty-manifest.ts";
import { collect, errorBody, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

const digest = digestOf(manifest);
const typed = { "content-type": MEDIA_TYPES.ociManifest };
const described = {
  ...typed,
  "content-length": String(manifest.byteLength),
  "docker-content-digest": digest,
};
const TAGS = "GET /v2/demo/tags/list";
const tags = (...names: readonly string[]): string => JSON.stringify({ name: "demo", tags: names });

describe("listing tags", () => {
  it("ghcr.io: gives 100 at a time and links the next ones", async () => {
    const all = Array.from({ length: 250 }, (_, i) => `t${String(i).padStart(3, "0")}`);
    await using registry = await scriptedRegistry({
      [TAGS]: ({ path }) => {
        const { searchParams } = new URL(path, "http://x");
        const from = all.indexOf(searchParams.get("last") ?? "") + 1;
        const page = all.slice(from, from + 100);
        const link = `</v2/demo/tags/list?last=${page.at(-1)}&n=0>; rel="next"`;
        return { status: 200, headers: from + 100 < all.length ? { link } : {}, body: tags(...page) };
      },
    });
    const { tags: api } = testClient();
    expect(await collect(api.list(`${registry.host}/demo`))).toEqual(all);
    expect(registry.lines).toEqual([TAGS, `${TAGS}?last=t099&n=0`, `${TAGS}?last=t199&n=0`]);
    const pages = await collect(api.list(`${registry.host}/demo`).pages());
    expect(pages.map(({ items }) => items.length)).toEqual([100, 100, 50]);
    const rest = await collect(api.list(`${registry.host}/demo`, { cursor: pages[1]?.cursor }));
    expect(rest).toEqual(all.slice(200));
  });

  it("stops asking where enough has come", async () => {
    await using registry = await scriptedRegistry({
      [TAGS]: { status: 200, headers: { link: "<?last=b>; rel=next" }, body: tags("a", "b") },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { limit: 2 }))).toEqual(["a", "b"]);
    expect(registry.requests).toHaveLength(1);
  });

  it.each(["null", "[]"])("Nexus and distribution: %s is an empty list, and so is no list", async (list) => {
    await using registry = await scriptedRegistry({
      [TAGS]: [
        { status: 200, body: `{"name":"demo","tags":${list}}` },
        { status: 200, body: '{"name":"demo"}' },
      ],
    });
    const { tags: api } = testClient();
    expect(await collect(api.list(`${registry.host}/demo`))).toEqual([]);
    expect(await collect(api.list(`${registry.host}/demo`))).toEqual([]);
  });

  it.each(["[]", "null", '{"tags":"a"}', "<html>", ""])("refuses %s for a list", async (body) => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 200, body } });
    await expect(collect(testClient().tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "PROTOCOL",
    });
  });

  it("Artifactory: lists digests among the tags and drops the repository's path from the link", async () => {
    await using registry = await scriptedRegistry({
      "GET /v2/key/demo/tags/list?last=b": { status: 200, body: tags("c") },
      "GET /v2/key/demo/tags/list": {
        status: 200,
        headers: { link: '</v2/demo/tags/list?last=b>; rel="next"' },
        body: tags("a", `sha256:${"0".repeat(64)}`, "b"),
      },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/key/demo`))).toEqual(["a", "b", "c"]);
  });

  it("Nexus: links to no next page, which is looked for where that is asked for", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=2`]: { status: 200, body: tags("a", "b") },
      [`${TAGS}?n=2&last=b`]: { status: 200, body: tags("c") },
    });
    const { tags: api } = testClient();
    const ref = `${registry.host}/demo`;
    expect(await collect(api.list(ref, { pageSize: 2 }))).toEqual(["a", "b"]);
    expect(await collect(api.list(ref, { pageSize: 2, probe: true }))).toEqual(["a", "b", "c"]);
  });

  it("Cloudflare: links without angle brackets, and links its catalog's last page to itself", async () => {
    await using registry = await scriptedRegistry({
      "GET /v2/_catalog": ({ path }) => ({
        status: 200,
        headers: { link: "/v2/_catalog?n=100&last=b; rel=next" },
        body: JSON.stringify({ repositories: path.includes("last=b") ? [] : ["a", "b"] }),
      }),
    });
    expect(await collect(testClient().catalog.list(registry.host))).toEqual(["a", "b"]);
    expect(registry.requests).toHaveLength(2);
  });

  it("ACR: passes on the empty parameter in its link", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?last=b&n=2&orderby=`]: { status: 200, body: tags("c") },
      [TAGS]: {
        status: 200,
        headers: { link: '</v2/demo/tags/list?last=b&n=2&orderby=>; rel="next"' },
        body: tags("a", "b"),
      },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`))).toEqual(["a", "b", "c"]);
  });

  it("quay: follows a link whose cursor says nothing", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=50&next_page=gAAAA%3D%3D`]: { status: 200, body: tags("c") },
      [TAGS]: {
        status: 200,
        headers: { link: '</v2/demo/tags/list?n=50&next_page=gAAAA%3D%3D>; rel="next"' },
        body: tags("a", "b"),
      },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize: 50 }))).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("ECR: refuses more than 1000 at once with 405, and is asked for 1000", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=5000`]: { status: 405, body: errorBody("UNSUPPORTED") },
      [`${TAGS}?n=1000`]: { status: 200, body: tags("a") },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize: 5000 }))).toEqual(["a"]);
  });

  it("distribution 3: refuses a large n with PAGINATION_NUMBER_INVALID", async () => {
    await using registry = await scriptedRegistry({
      "GET /v2/_catalog?n=5000": { status: 400, body: errorBody("PAGINATION_NUMBER_INVALID") },
      "GET /v2/_catalog?n=1000": { status: 200, body: '{"repositories":["a"]}' },
    });
    expect(await collect(testClient().catalog.list(registry.host, { pageSize: 5000 }))).toEqual(["a"]);
  });

  it("asks again with n where a registry does not manage the whole list in time", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=1000`]: { status: 200, body: tags("a") },
      [TAGS]: { status: 504 },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`))).toEqual(["a"]);
  });

  it("GCR: has more members than the specification", async () => {
    const body = JSON.stringify({
      child: ["x"],
      manifest: { [digest]: { tag: ["1.0"] } },
      name: "demo",
      tags: ["1.0"],
    });
    await using registry = await scriptedRegistry({ [TAGS]: { status: 200, body } });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`))).toEqual(["1.0"]);
  });

  it("GitLab: takes no notice of n where it was not migrated", async () => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 200, body: tags("a", "b", "c") } });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize: 2 }))).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(registry.requests).toHaveLength(1);
  });

  it("ECR Public: answers NOT_FOUND, and the error says so", async () => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 404, body: errorBody("NOT_FOUND") } });
    await expect(collect(testClient().tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });

  it("MCR: limits the rate without JSON", async () => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 429, body: "Too many requests" } });
    await expect(collect(testClient().tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryable: true,
      message: expect.stringContaining("Too many requests"),
    });
  });

  it("follows no link to another host, and does not ask it anything", async () => {
    await using other = await scriptedRegistry({});
    await using registry = await scriptedRegistry({
      [TAGS]: { status: 200, headers: { link: `<http://${other.host}/>; rel="next"` }, body: tags("a") },
    });
    await expect(collect(testClient().tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "POLICY_REFUSED",
    });
    expect(other.requests).toHaveLength(0);
  });

  it("ends where pages go round in a circle", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?last=b`]: { status: 200, headers: { link: "<?last=d>; rel=next" }, body: tags("c", "d") },
      [`${TAGS}?last=d`]: { status: 200, headers: { link: "<?last=x>; rel=next" }, body: tags("a", "b") },
      [TAGS]: { status: 200, headers: { link: "<?last=b>; rel=next" }, body: tags("a", "b") },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`))).toEqual(["a", "b", "c", "d"]);
  });

  it("ends with an error where pages never end", async () => {
    let page = 0;
    await using registry = await scriptedRegistry({
      [TAGS]: () => {
        page += 1;
        return { status: 200, headers: { link: `<?last=${page}>; rel=next` }, body: tags(`t${page}`) };
      },
    });
    const client = testClient({ limits: { pages: 50 } });
    await expect(collect(client.tags.list(`${registry.host}/demo`))).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
      message: expect.stringContaining("limits.pages"),
    });
    expect(registry.requests).toHaveLength(50);
  });

  it("chooses by glob, by expression and by version, and orders", async () => {
    const names = ["latest", "1.10.0", "1.9.0", "v1.11.0", "2.0.0-rc.1", "1.9.0-alpine"];
    await using registry = await scriptedRegistry({ [TAGS]: { status: 200, body: tags(...names) } });
    const list = (options: object): Promise<string[]> =>
      collect(testClient().tags.list(`${registry.host}/demo`, options));
    expect(await list({ match: "*-alpine" })).toEqual(["1.9.0-alpine"]);
    expect(await list({ match: /^v?1\.1/g })).toEqual(["1.10.0", "v1.11.0"]);
    expect(await list({ semver: "^1.9", order: "semver" })).toEqual(["1.9.0", "1.10.0", "v1.11.0"]);
    expect(await list({ order: "semver", reverse: true, limit: 2 })).toEqual(["2.0.0-rc.1", "v1.11.0"]);
    expect(await list({ order: "name" })).toEqual([...names].sort());
  });

  it("a million of them takes no more memory than a page", async () => {
    const size = 1000;
    await using registry = await scriptedRegistry({
      [TAGS]: ({ path }) => {
        const page = Number(new URL(path, "http://x").searchParams.get("last") ?? 0);
        const names = Array.from({ length: size }, (_, i) => `tag-number-${page * size + i}`);
        const headers = page < 999 ? { link: `<?last=${page + 1}>; rel=next` } : {};
        return { status: 200, headers, body: tags(...names) };
      },
    });
    let count = 0;
    let most = 0;
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    for await (const page of testClient().tags.list(`${registry.host}/demo`).pages()) {
      count += page.items.length;
      // The script's own server lives in this process, too: it keeps what it saw, a kilobyte a request.
      most = Math.max(most, process.memoryUsage().heapUsed - before);
    }
    expect(count).toBe(1_000_000);
    expect(most).toBeLessThan(150 * 1024 * 1024);
  });
});

describe("the catalog", () => {
  it.each([
    ["Docker Hub", 401, "UNAUTHENTICATED"],
    ["GitLab", 403, "FORBIDDEN"],
    ["ghcr.io", 404, "UNSUPPORTED"],
    ["ECR Public", 405, "UNSUPPORTED"],
  ])("%s: refuses it, which is not the same as having none", async (_, status, code) => {
    await using registry = await scriptedRegistry({ "GET /v2/_catalog": { status } });
    const client = testClient();
    await expect(collect(client.catalog.list(registry.host))).rejects.toMatchObject({ code });
    const learnt = client.capabilities.get(registry.host, "catalog");
    expect(learnt).toBe(code === "UNSUPPORTED" ? false : undefined);
  });
});

describe("reading a manifest", () => {
  const HEAD = "HEAD /v2/demo/manifests/1.0";
  const GET = "GET /v2/demo/manifests/1.0";

  it("Docker Hub: says 401 for a repository that is not there, which is not taken for its absence", async () => {
    await using registry = await scriptedRegistry({
      [HEAD]: { status: 401, body: errorBody("UNAUTHORIZED") },
    });
    expect(await testClient().manifests.exists(`${registry.host}/demo:1.0`)).toBe("unknown");
  });

  it("Docker Hub: counts each GET, so a digest is asked for by HEAD", async () => {
    await using registry = await scriptedRegistry({ [HEAD]: { status: 200, headers: described } });
    await testClient().manifests.digest(`${registry.host}/demo:1.0`);
    expect(registry.lines).toEqual([HEAD]);
  });

  it("Red Hat: has no digest on a HEAD, and the code 404 as its code", async () => {
    await using registry = await scriptedRegistry({
      [HEAD]: { status: 200, headers: { "content-type": "text/plain" } },
      [GET]: { status: 200, headers: { "content-type": "text/plain" }, body: manifest },
      "GET /v2/demo/manifests/2.0": {
        status: 404,
        body: '{"errors":[{"code":"404","message":"not found"}]}',
      },
    });
    const { manifests } = testClient();
    expect(await manifests.digest(`${registry.host}/demo:1.0`)).toBe(digest);
    await expect(manifests.get(`${registry.host}/demo:2.0`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      errors: [{ code: "404" }],
    });
  });

  it("ECR: names no digest in its answers", async () => {
    await using registry = await scriptedRegistry({ [GET]: { status: 200, headers: typed, body: manifest } });
    const { descriptor } = await testClient().manifests.get(`${registry.host}/demo:1.0`);
    expect(descriptor).toEqual({ mediaType: MEDIA_TYPES.ociManifest, digest, size: manifest.byteLength });
  });

  it("Nexus: answers a HEAD with 404 for what a GET finds, which is then remembered", async () => {
    await using registry = await scriptedRegistry({ [GET]: { status: 200, headers: typed, body: manifest } });
    const client = testClient();
    expect(await client.manifests.exists(`${registry.host}/demo:1.0`)).toBe("yes");
    expect(client.capabilities.get(registry.host, "headManifest")).toBe(false);
    await client.manifests.digest(`${registry.host}/demo:1.0`);
    expect(registry.lines).toEqual([HEAD, GET, GET]);
  });

  it("asks twice for what is missing once only: from then on this registry's HEAD is believed", async () => {
    await using registry = await scriptedRegistry({});
    const client = testClient();
    expect(await client.manifests.exists(`${registry.host}/demo:1.0`)).toBe("no");
    expect(await client.manifests.exists(`${registry.host}/demo:1.0`)).toBe("no");
    expect(registry.lines).toEqual([HEAD, GET, HEAD]);
  });

  it("Artifactory: answers a HEAD with 403 for what is not there", async () => {
    await using registry = await scriptedRegistry({
      [HEAD]: { status: 403 },
      [GET]: { status: 404, body: errorBody("MANIFEST_UNKNOWN") },
    });
    expect(await testClient().manifests.exists(`${registry.host}/demo:1.0`)).toBe("no");
  });

  it("quay: says that a tag has expired", async () => {
    await using registry = await scriptedRegistry({
      [GET]: { status: 404, body: errorBody("TAG_EXPIRED", "expired") },
    });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("TAG_EXPIRED: expired"),
    });
  });

  it("zot: warns, which is told once", async () => {
    const warnings: unknown[] = [];
    await using registry = await scriptedRegistry({
      [GET]: { status: 200, headers: { ...typed, warning: '299 - "demo is deprecated"' }, body: manifest },
    });
    const client = testClient({ onWarning: (warning) => void warnings.push(warning) });
    await client.manifests.get(`${registry.host}/demo:1.0`);
    await client.manifests.get(`${registry.host}/demo:1.0`);
    expect(warnings).toEqual([{ registry: registry.host, text: "demo is deprecated" }]);
  });
});

describe("ping", () => {
  it.each([
    [
      "takes a registry that wants a sign-in for one",
      { status: 401, headers: { "www-authenticate": "Basic" } },
      401,
    ],
    [
      "takes zot's challenge on a 200 for what it is",
      { status: 200, headers: { "www-authenticate": "bearer realm=x" } },
      200,
    ],
  ])("%s", async (_, answer, status) => {
    await using registry = await scriptedRegistry({ "GET /v2/": answer });
    expect(await testClient().ping(registry.host)).toMatchObject({ status });
  });

  it("does not take a website for a registry", async () => {
    await using registry = await scriptedRegistry({});
    await expect(testClient().ping(registry.host)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
