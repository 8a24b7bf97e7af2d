import { type Descriptor, digestOf, MEDIA_TYPES, memoryStore } from "@reg/content";
import { describe, expect, it } from "vitest";
import { matches } from "../src/referrers.ts";
import { fallbackTag } from "../src/referrers-fallback.ts";
import {
  type Answer,
  collect,
  errorBody,
  type Script,
  scriptedRegistry,
  testClient,
} from "./support/scripted-registry.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const subject = digestOf(encode("subject"));
const REFERRERS = `GET /v2/demo/referrers/${subject}`;
const TAG = `/v2/demo/manifests/${fallbackTag(subject)}`;

const entry = (name: string, artifactType = "application/vnd.example.sbom"): Descriptor => ({
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(encode(name)),
  size: 100,
  annotations: { name },
  artifactType,
});
const index = (...manifests: readonly Descriptor[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests });
const typed = { "content-type": MEDIA_TYPES.ociIndex };
const config = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encode("{}")), size: 2 };
const artifact = encode(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: "application/vnd.example.signature",
    config,
    layers: [config],
    subject: { mediaType: MEDIA_TYPES.ociManifest, digest: subject, size: 7 },
    annotations: { signer: "me" },
  }),
);
const artifactEntry: Descriptor = {
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(artifact),
  size: artifact.byteLength,
  annotations: { signer: "me" },
  artifactType: "application/vnd.example.signature",
};

describe("fallbackTag", () => {
  it("fits into a tag, whatever the digest", () => {
    expect(fallbackTag(subject)).toBe(subject.replace(":", "-"));
    const sha512 = digestOf(encode("x"), "sha512");
    expect(fallbackTag(sha512)).toBe(`sha512-${sha512.slice(7, 71)}`);
    // A digest of an algorithm nobody here can compute is a digest all the same.
    expect(fallbackTag(`a+b:${"=".repeat(70)}` as typeof subject)).toBe(`a-b-${"-".repeat(64)}`);
  });
});

describe("matches", () => {
  it("looks at the type and at every annotation", () => {
    const item = entry("a");
    expect(matches(item, {})).toBe(true);
    expect(matches(item, { artifactType: "application/vnd.example.sbom" })).toBe(true);
    expect(matches(item, { artifactType: "other" })).toBe(false);
    expect(matches(item, { annotations: { name: "a" } })).toBe(true);
    expect(matches(item, { annotations: { name: "a", more: "b" } })).toBe(false);
  });
});

describe("listing referrers", () => {
  const list = async (
    script: Script,
    options = {},
  ): Promise<{ items: Descriptor[]; lines: readonly string[] }> => {
    await using registry = await scriptedRegistry(script);
    const items = await collect(testClient().referrers.list(`${registry.host}/demo@${subject}`, options));
    return { items, lines: [...registry.lines] };
  };

  it("takes one request where the registry has the list", async () => {
    const { items, lines } = await list({
      [REFERRERS]: { status: 200, headers: typed, body: index(entry("a")) },
    });
    expect(items).toEqual([entry("a")]);
    expect(lines).toEqual([REFERRERS]);
  });

  it("follows its pages", async () => {
    const { items } = await list({
      [`${REFERRERS}?page=2`]: { status: 200, headers: typed, body: index(entry("b")) },
      [REFERRERS]: {
        status: 200,
        headers: { ...typed, link: "<?page=2>; rel=next" },
        body: index(entry("a")),
      },
    });
    expect(items).toEqual([entry("a"), entry("b")]);
  });

  it("filters by itself where the registry did not", async () => {
    const { items, lines } = await list(
      { [REFERRERS]: { status: 200, headers: typed, body: index(entry("a"), entry("b", "other")) } },
      { artifactType: "application/vnd.example.sbom" },
    );
    expect(items).toEqual([entry("a")]);
    expect(lines).toEqual([`${REFERRERS}?artifactType=application%2Fvnd.example.sbom`]);
  });

  it.each([
    ["a header", { "oci-filters-applied": "annotations, artifactType" }, {}],
    [
      "an annotation, as before 1.1",
      {},
      { annotations: { "org.opencontainers.referrers.filtersApplied": "artifactType" } },
    ],
  ])(
    "leaves the choice by type to the registry that says by %s that it made it",
    async (_, headers, members) => {
      const { artifactType: __, ...untyped } = entry("a");
      const body = JSON.stringify({ ...JSON.parse(index(untyped, entry("b"))), ...members });
      const { items } = await list(
        { [REFERRERS]: { status: 200, headers: { ...typed, ...headers }, body } },
        { artifactType: "application/vnd.example.sbom", annotations: { name: "a" } },
      );
      expect(items).toEqual([untyped]);
    },
  );

  it("goes on behind pages of which nothing is wanted", async () => {
    const page = (query: string, ...items: readonly Descriptor[]): Answer => ({
      status: 200,
      headers: { ...typed, ...(query === "" ? {} : { link: `<?page=${query}>; rel=next` }) },
      body: index(...items),
    });
    const { items } = await list(
      {
        [`${REFERRERS}?page=2`]: page("3", entry("b", "other")),
        [`${REFERRERS}?page=3`]: page("", entry("c")),
        [REFERRERS]: page("2", entry("a", "other")),
      },
      { artifactType: "application/vnd.example.sbom" },
    );
    expect(items).toEqual([entry("c")]);
  });

  it("ends where its pages lie in a circle", async () => {
    const linked = (page: string, item: Descriptor): Answer => ({
      status: 200,
      headers: { ...typed, link: `<?page=${page}>; rel=next` },
      body: index(item),
    });
    const { items, lines } = await list({
      [`${REFERRERS}?page=2`]: linked("1", entry("b")),
      [`${REFERRERS}?page=1`]: linked("2", entry("a")),
      [REFERRERS]: linked("2", entry("a")),
    });
    expect(items).toEqual([entry("a"), entry("b")]);
    expect(lines).toHaveLength(3);
  });

  it("of a sha512 asks each manifest on the tag whose it is: the tag holds half of the digest", async () => {
    const long = digestOf(encode("subject"), "sha512");
    const twin = `${long.slice(0, -1)}${long.endsWith("0") ? "1" : "0"}`;
    const referrerOf = (digest: string): Uint8Array =>
      encode(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          artifactType: "application/vnd.example.sbom",
          config,
          layers: [config],
          subject: { mediaType: MEDIA_TYPES.ociManifest, digest, size: 7 },
        }),
      );
    const describe = (bytes: Uint8Array): Descriptor => ({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const [own, other] = [referrerOf(long), referrerOf(twin)];
    const serve = (bytes: Uint8Array): Script => ({
      [`GET /v2/demo/manifests/${digestOf(bytes)}`]: {
        status: 200,
        headers: { "content-type": MEDIA_TYPES.ociManifest },
        body: bytes,
      },
    });
    await using registry = await scriptedRegistry({
      [`GET /v2/demo/manifests/${fallbackTag(long)}`]: {
        status: 200,
        headers: typed,
        body: index(describe(other), entry("gone"), describe(own)),
      },
      ...serve(own),
      ...serve(other),
    });
    const listed = await collect(testClient().referrers.list(`${registry.host}/demo@${long}`));
    expect(listed).toEqual([describe(own)]);
  });

  it.each([404, 405, 406, 501])("reads the fallback tag where the registry answers %i", async (status) => {
    const { items, lines } = await list({
      [REFERRERS]: { status },
      [`GET ${TAG}`]: { status: 200, headers: typed, body: index(entry("a")) },
    });
    expect(items).toEqual([entry("a")]);
    expect(lines).toEqual([REFERRERS, `GET ${TAG}`]);
  });

  it("finds none where there is neither a list nor a tag", async () => {
    expect((await list({})).items).toEqual([]);
  });

  it("quay: takes 400 for a subject that is not known for an empty list", async () => {
    const { items, lines } = await list({
      [REFERRERS]: { status: 400, body: errorBody("MANIFEST_INVALID") },
    });
    expect(items).toEqual([]);
    expect(lines).toEqual([REFERRERS]);
  });

  it("does not take a page of HTML for an empty list", async () => {
    const { items } = await list({
      [REFERRERS]: { status: 200, headers: { "content-type": "text/html" }, body: "<html>" },
      [`GET ${TAG}`]: { status: 200, headers: typed, body: index(entry("a")) },
    });
    expect(items).toEqual([entry("a")]);
  });

  it.each([500, 503, 429, 401, 403])("does not conclude from %i that there is no list", async (status) => {
    const answers: readonly Answer[] = [{ status }, { status: 200, headers: typed, body: index(entry("a")) }];
    await using registry = await scriptedRegistry({ [REFERRERS]: answers });
    const client = testClient();
    const ref = `${registry.host}/demo@${subject}`;
    await expect(collect(client.referrers.list(ref))).rejects.toMatchObject({ status });
    expect(client.capabilities.get(`${registry.host}/demo`, "referrers")).toBeUndefined();
    expect(await collect(client.referrers.list(ref))).toEqual([entry("a")]);
  });

  it("remembers for a repository that it has no list", async () => {
    await using registry = await scriptedRegistry({});
    const client = testClient();
    const ref = `${registry.host}/demo@${subject}`;
    await collect(client.referrers.list(ref));
    await collect(client.referrers.list(ref));
    expect(registry.lines).toEqual([REFERRERS, `GET ${TAG}`, `GET ${TAG}`]);
  });

  it("learns nothing of the list from a repository that is not there yet", async () => {
    await using registry = await scriptedRegistry({
      [REFERRERS]: { status: 404, body: errorBody("NAME_UNKNOWN") },
    });
    const client = testClient();
    expect(await collect(client.referrers.list(`${registry.host}/demo@${subject}`))).toEqual([]);
    expect(client.capabilities.get(`${registry.host}/demo`, "referrers")).toBeUndefined();
  });

  it("refuses an answer that is no index", async () => {
    await expect(
      list({ [REFERRERS]: { status: 200, headers: typed, body: '{"manifests":5}' } }),
    ).rejects.toMatchObject({ code: "PROTOCOL" });
  });
});

describe("copying with referrers", () => {
  it("ends where a registry says that manifests refer to themselves and to each other", async () => {
    const root = encode(index());
    const describe = (bytes: Uint8Array): Descriptor => ({
      mediaType: JSON.parse(new TextDecoder().decode(bytes)).mediaType,
      digest: digestOf(bytes),
      size: bytes.byteLength,
    });
    const referrer = encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        artifactType: "application/vnd.example.signature",
        manifests: [],
        subject: describe(root),
      }),
    );
    const answer = (body: Uint8Array | string): Answer => ({ status: 200, headers: typed, body });
    const circle = answer(index(describe(root), describe(referrer)));
    await using registry = await scriptedRegistry({
      "GET /v2/demo/manifests/1.0": answer(root),
      [`GET /v2/demo/manifests/${digestOf(root)}`]: answer(root),
      [`GET /v2/demo/manifests/${digestOf(referrer)}`]: answer(referrer),
      [`GET /v2/demo/referrers/${digestOf(root)}`]: circle,
      [`GET /v2/demo/referrers/${digestOf(referrer)}`]: circle,
    });
    const store = memoryStore();
    await testClient().pull(`${registry.host}/demo:1.0`, store, { referrers: true });
    expect(await store.exists(describe(referrer))).toBe(true);
    expect(registry.requests.length).toBeLessThan(8);
  });
});

describe("storing a referrer", () => {
  const PUT = `PUT /v2/demo/manifests/${digestOf(artifact)}`;

  it("is one request where the registry says it has listed it, and is known to keep the list", async () => {
    await using registry = await scriptedRegistry({
      [PUT]: { status: 201, headers: { "oci-subject": subject } },
      [REFERRERS]: { status: 200, headers: typed, body: index(artifactEntry) },
    });
    const client = testClient();
    const first = await client.manifests.put(`${registry.host}/demo`, artifact);
    expect(first.subject).toBe(subject);
    await client.manifests.put(`${registry.host}/demo`, artifact);
    // Asked once whether it is true: there was a registry that said so and kept no list.
    expect(registry.lines).toEqual([PUT, REFERRERS, PUT]);
  });

  it("ECR: writes the fallback tag where the registry says it has listed it and keeps no list", async () => {
    let stored = "";
    await using registry = await scriptedRegistry({
      [PUT]: { status: 201, headers: { "oci-subject": subject } },
      [`GET ${TAG}`]: () => (stored === "" ? { status: 404 } : { status: 200, headers: typed, body: stored }),
      [`PUT ${TAG}`]: ({ body }) => {
        stored = body.toString();
        return { status: 201 };
      },
    });
    await testClient().manifests.put(`${registry.host}/demo`, artifact);
    expect(JSON.parse(stored).manifests).toEqual([artifactEntry]);
  });

  it("adds to the list of others, keeps the rest of it, and writes it again where another writer was faster", async () => {
    let stored = JSON.stringify({ ...JSON.parse(index(entry("a"))), annotations: { kept: "yes" } });
    let writes = 0;
    const conditions: unknown[] = [];
    await using registry = await scriptedRegistry({
      [PUT]: { status: 201 },
      [`GET ${TAG}`]: () => ({
        status: 200,
        headers: { ...typed, etag: `"${digestOf(encode(stored))}"` },
        body: stored,
      }),
      [`PUT ${TAG}`]: ({ body, headers }) => {
        writes += 1;
        conditions.push(headers["if-match"]);
        // The first write is lost: somebody else's comes right behind it.
        stored = writes === 1 ? index(entry("a"), entry("theirs")) : body.toString();
        return { status: 201 };
      },
    });
    await testClient().manifests.put(`${registry.host}/demo`, artifact);
    expect(JSON.parse(stored).manifests).toEqual([entry("a"), entry("theirs"), artifactEntry]);
    expect(writes).toBe(2);
    expect(conditions.every((condition) => typeof condition === "string")).toBe(true);
  });

  it("side by side with others of the same subject writes each of them, one after the other", async () => {
    let stored = "";
    let writes = 0;
    const others = Array.from({ length: 10 }, (_, i) => {
      const document = { ...JSON.parse(new TextDecoder().decode(artifact)), annotations: { i: String(i) } };
      return encode(JSON.stringify(document));
    });
    await using registry = await scriptedRegistry({
      ...Object.fromEntries(
        others.map((bytes) => [`PUT /v2/demo/manifests/${digestOf(bytes)}`, { status: 201 }]),
      ),
      [`GET ${TAG}`]: () => (stored === "" ? { status: 404 } : { status: 200, headers: typed, body: stored }),
      [`PUT ${TAG}`]: ({ body }) => {
        writes += 1;
        stored = body.toString();
        return { status: 201 };
      },
    });
    const client = testClient();
    await Promise.all(others.map((bytes) => client.manifests.put(`${registry.host}/demo`, bytes)));
    expect(JSON.parse(stored).manifests).toHaveLength(10);
    expect(writes).toBe(10);
  });

  it("leaves alone what is no list of referrers, and says so", async () => {
    await using registry = await scriptedRegistry({
      [PUT]: { status: 201 },
      [`GET ${TAG}`]: { status: 200, headers: { "content-type": MEDIA_TYPES.ociManifest }, body: artifact },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo`, artifact)).rejects.toMatchObject({
      code: "PROTOCOL",
    });
  });

  it("may come before its subject", async () => {
    await using registry = await scriptedRegistry({
      [PUT]: { status: 201, headers: { "oci-subject": subject } },
      [REFERRERS]: { status: 200, headers: typed, body: index() },
    });
    await testClient().manifests.put(`${registry.host}/demo`, artifact);
  });
});

describe("deleting a referrer", () => {
  const own = `/v2/demo/manifests/${digestOf(artifact)}`;

  it("takes it off the fallback tag's list first", async () => {
    let stored = index(entry("a"), artifactEntry);
    await using registry = await scriptedRegistry({
      [`GET ${own}`]: { status: 200, headers: { "content-type": MEDIA_TYPES.ociManifest }, body: artifact },
      [`GET ${TAG}`]: () => ({ status: 200, headers: typed, body: stored }),
      [`PUT ${TAG}`]: ({ body }) => {
        stored = body.toString();
        return { status: 201 };
      },
      [`DELETE ${own}`]: { status: 202 },
    });
    await testClient().manifests.delete(`${registry.host}/demo@${digestOf(artifact)}`);
    expect(JSON.parse(stored).manifests).toEqual([entry("a")]);
    expect(registry.lines.at(-1)).toBe(`DELETE ${own}`);
  });

  it("is one request where the registry is known to keep the list itself", async () => {
    await using registry = await scriptedRegistry({ [`DELETE ${own}`]: { status: 202 } });
    const client = testClient();
    client.capabilities.set(registry.host, "referrers", true);
    await client.manifests.delete(`${registry.host}/demo@${digestOf(artifact)}`);
    expect(registry.lines).toEqual([`DELETE ${own}`]);
  });
});
