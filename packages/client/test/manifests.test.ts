import { digestOf, MEDIA_TYPES } from "@reg/content";
import { parseDigest } from "@reg/reference";
import { describe, expect, it } from "vitest";
import { describeHead, verifyManifest } from "../src/manifest-read.ts";
import { errorBody, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const emptyConfig = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encode("{}")), size: 2 };
const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config: emptyConfig, layers: [] };
const bytes = encode(JSON.stringify(document, undefined, 3));
const digest = digestOf(bytes);
const MANIFEST = "/v2/demo/manifests/1.0";
const typed = { "content-type": MEDIA_TYPES.ociManifest };
const fields = { contentType: MEDIA_TYPES.ociManifest, digest: undefined };

describe("verifyManifest", () => {
  it("takes bytes that have the digest asked for, and keeps them as they are", () => {
    const manifest = verifyManifest(fields, bytes, digest);
    expect(manifest.bytes).toBe(bytes);
    expect(manifest.descriptor).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      digest,
      size: bytes.byteLength,
    });
  });

  it("refuses bytes that have another digest than the one asked for", () => {
    expect(() => verifyManifest(fields, encode("{}"), digest)).toThrow(
      expect.objectContaining({ code: "DIGEST_MISMATCH" }),
    );
  });

  it("refuses a tag's bytes that have another digest than the registry's header says", () => {
    const lying = { ...fields, digest: digestOf(encode("other")) };
    expect(() => verifyManifest(lying, bytes, "1.0")).toThrow(/Docker-Content-Digest/);
  });

  it("checks a header and a question of different algorithms each by its own", () => {
    const sha512 = digestOf(bytes, "sha512");
    expect(verifyManifest({ ...fields, digest: sha512 }, bytes, digest).descriptor.digest).toBe(digest);
    expect(verifyManifest({ ...fields, digest: sha512 }, bytes, "1.0").descriptor.digest).toBe(sha512);
    const lying = { ...fields, digest: digestOf(encode("other"), "sha512") };
    expect(() => verifyManifest(lying, bytes, digest)).toThrow(
      expect.objectContaining({ code: "DIGEST_MISMATCH" }),
    );
  });

  it.each([
    [`${MEDIA_TYPES.ociManifest}; charset=ISO-8859-1`, "parameters, as Artifactory adds them"],
    ["text/plain; charset=utf-8", "a type that says nothing"],
    ["application/json", "a type that says little"],
    [undefined, "no type at all"],
  ])("reads the type %s: %s", (contentType, _) => {
    expect(verifyManifest({ contentType, digest: undefined }, bytes, "1.0").mediaType).toBe(
      MEDIA_TYPES.ociManifest,
    );
  });

  it("knows an index that does not say what it is", () => {
    const index = encode('{"schemaVersion":2,"manifests":[]}');
    expect(verifyManifest({ contentType: undefined, digest: undefined }, index, "1.0").kind).toBe("index");
  });

  it("takes the digest of a signed schema 1 manifest over what was signed", () => {
    const payload = '{\n   "schemaVersion": 1,\n   "name": "demo",\n   "tag": "1.0",\n   "fsLayers": []\n}';
    const header = {
      formatLength: payload.length - 2,
      formatTail: btoa("\n}"),
      time: "2016-01-01T00:00:00Z",
    };
    const signatures = [{ header: {}, signature: "x", protected: btoa(JSON.stringify(header)) }];
    const signed = encode(`${payload.slice(0, -2)},\n   "signatures": ${JSON.stringify(signatures)}\n}`);
    const manifest = verifyManifest(
      { contentType: MEDIA_TYPES.dockerSchema1Signed, digest: digestOf(encode(payload)) },
      signed,
      "1.0",
    );
    expect(manifest).toMatchObject({ kind: "schema1", descriptor: { digest: digestOf(encode(payload)) } });
    expect(manifest.bytes).toBe(signed);
    expect(() =>
      verifyManifest(
        { contentType: MEDIA_TYPES.dockerSchema1Signed, digest: undefined },
        signed,
        digestOf(encode("other")),
      ),
    ).toThrow(expect.objectContaining({ code: "DIGEST_MISMATCH" }));
  });
});

describe("describeHead", () => {
  const head = { contentType: MEDIA_TYPES.ociManifest, contentLength: "10", digest: String(digest) };

  it("makes a descriptor of the headers", () => {
    expect(describeHead(head, "1.0")).toEqual({ mediaType: MEDIA_TYPES.ociManifest, digest, size: 10 });
    expect(describeHead({ ...head, digest: undefined }, digest)).toMatchObject({ digest });
  });

  it.each([
    ["no digest for a tag", { ...head, digest: undefined }],
    ["no length", { ...head, contentLength: undefined }],
    ["a length that is no number", { ...head, contentLength: "1e3" }],
    ["a type that is no manifest's", { ...head, contentType: "text/plain" }],
    ["a digest that is none", { ...head, digest: "sha256:xyz" }],
  ])("tells nothing by %s", (_, given) => {
    expect(describeHead(given, "1.0")).toBeUndefined();
  });

  it("refuses an answer for another digest", () => {
    expect(() => describeHead({ ...head, digest: digestOf(encode("x")) }, digest)).toThrow(
      expect.objectContaining({ code: "DIGEST_MISMATCH" }),
    );
  });
});

describe("manifests", () => {
  it("are read by a tag in one request, without asking for anything before", async () => {
    await using registry = await scriptedRegistry({
      [`GET ${MANIFEST}`]: { status: 200, headers: typed, body: bytes },
    });
    const manifest = await testClient().manifests.get(`${registry.host}/demo:1.0`);
    expect(manifest.descriptor.digest).toBe(digest);
    expect(registry.lines).toEqual([`GET ${MANIFEST}`]);
    expect(registry.requests[0]?.headers.accept).toBe(
      "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, " +
        "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json, " +
        "application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1",
    );
  });

  it("are named by a digest in one HEAD", async () => {
    const headers = { ...typed, "content-length": String(bytes.byteLength), "docker-content-digest": digest };
    await using registry = await scriptedRegistry({ [`HEAD ${MANIFEST}`]: { status: 200, headers } });
    expect(await testClient().manifests.digest(`${registry.host}/demo:1.0`)).toBe(digest);
    expect(registry.lines).toEqual([`HEAD ${MANIFEST}`]);
  });

  it("are read again where the connection broke within one", async () => {
    let turn = 0;
    await using registry = await scriptedRegistry({
      [`GET ${MANIFEST}`]: () => {
        turn += 1;
        if (turn > 1) return { status: 200, headers: typed, body: bytes };
        return {
          status: 0,
          raw: (response) => {
            response.writeHead(200, { ...typed, "content-length": bytes.byteLength });
            response.write(bytes.subarray(0, 10), () => setTimeout(() => response.destroy(), 10));
          },
        };
      },
    });
    expect((await testClient().manifests.get(`${registry.host}/demo:1.0`)).bytes).toEqual(bytes);
  });

  it.each([
    ["by its length", { "content-length": String(5 * 1024 * 1024) }],
    ["whatever it announces", {}],
  ])("are refused beyond 4 MiB, %s", async (_, headers) => {
    await using registry = await scriptedRegistry({
      [`GET ${MANIFEST}`]: { status: 200, headers, body: new Uint8Array(5 * 1024 * 1024) },
    });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
      message: expect.stringContaining("limits.manifestBytes"),
    });
  });

  it("are read beyond 4 MiB where the limit is raised", async () => {
    const large = encode(JSON.stringify({ ...document, annotations: { large: "x".repeat(5_000_000) } }));
    await using registry = await scriptedRegistry({
      [`GET ${MANIFEST}`]: { status: 200, headers: typed, body: large },
      [`PUT ${MANIFEST}`]: { status: 201 },
    });
    const { manifests } = testClient({ limits: { manifestBytes: 10_000_000 } });
    const { bytes: got } = await manifests.get(`${registry.host}/demo:1.0`);
    expect(got.byteLength).toBe(large.byteLength);
    await manifests.put(`${registry.host}/demo:1.0`, got);
    await expect(testClient().manifests.put(`${registry.host}/demo:1.0`, got)).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
    });
  });

  it.each([
    ["calls itself something else than it came as", MEDIA_TYPES.ociIndex, bytes],
    ["is an image and an index at once", undefined, encode(JSON.stringify({ ...document, manifests: [] }))],
    ["is nested 200,000 deep", undefined, encode(`{"a":${"[".repeat(200_000)}`)],
    ["is no JSON", MEDIA_TYPES.ociManifest, encode("<html>")],
    [
      "has a size below zero",
      undefined,
      encode(JSON.stringify({ ...document, config: { ...emptyConfig, size: -1 } })),
    ],
    [
      "has a size that is no number",
      undefined,
      encode(JSON.stringify({ ...document, config: { ...emptyConfig, size: "2" } })),
    ],
  ])("are refused where one %s", async (_, type, body) => {
    const headers = type === undefined ? {} : { "content-type": type };
    await using registry = await scriptedRegistry({ [`GET ${MANIFEST}`]: { status: 200, headers, body } });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "PROTOCOL",
    });
  });

  it("keep the bytes they came as, with every oddity JSON allows", async () => {
    const odd = encode(
      `{"__proto__":{"polluted":1},"schemaVersion":2,"schemaVersion":2,"config":${JSON.stringify(emptyConfig)},"layers":[]}\n`,
    );
    await using registry = await scriptedRegistry({
      [`GET ${MANIFEST}`]: { status: 200, headers: typed, body: odd },
    });
    const manifest = await testClient().manifests.get(`${registry.host}/demo:1.0`);
    expect(manifest.bytes).toEqual(odd);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it("exist, do not, or cannot be told to", async () => {
    const headers = { ...typed, "content-length": "1", "docker-content-digest": digest };
    await using registry = await scriptedRegistry({
      "HEAD /v2/demo/manifests/yes": { status: 200, headers },
      "HEAD /v2/demo/manifests/private": { status: 401 },
      "HEAD /v2/demo/manifests/denied": { status: 403 },
      "GET /v2/demo/manifests/denied": { status: 403, body: errorBody("DENIED") },
      "HEAD /v2/demo/manifests/broken": { status: 500 },
    });
    const { manifests } = testClient();
    expect(await manifests.exists(`${registry.host}/demo:yes`)).toBe("yes");
    expect(await manifests.exists(`${registry.host}/demo:no`)).toBe("no");
    expect(await manifests.exists(`${registry.host}/demo:private`)).toBe("unknown");
    expect(await manifests.exists(`${registry.host}/demo:denied`)).toBe("unknown");
    await expect(manifests.exists(`${registry.host}/demo:broken`)).rejects.toMatchObject({
      code: "UNAVAILABLE",
    });
  });

  it("are not sent again while they are the same, whether the registry knows conditions or not", async () => {
    await using registry = await scriptedRegistry({
      "GET /v2/knows/manifests/1": (seen) =>
        seen.headers["if-none-match"] === `"${digest}"`
          ? { status: 304 }
          : { status: 200, headers: { ...typed, etag: `"${digest}"` }, body: bytes },
      "GET /v2/ignores/manifests/1": { status: 200, headers: typed, body: bytes },
    });
    const { manifests } = testClient();
    for (const repository of ["knows", "ignores"]) {
      const ref = `${registry.host}/${repository}:1`;
      const { etag, descriptor } = await manifests.get(ref);
      expect(await manifests.getIfChanged(ref, etag ?? descriptor.digest)).toBeUndefined();
      expect(await manifests.getIfChanged(ref, digestOf(encode("old")))).toMatchObject({
        descriptor: { digest },
      });
    }
  });

  it("are stored under a tag in one request, the bytes as they are", async () => {
    await using registry = await scriptedRegistry({ [`PUT ${MANIFEST}`]: { status: 201 } });
    const { descriptor, tags } = await testClient().manifests.put(`${registry.host}/demo:1.0`, bytes);
    expect(descriptor.digest).toBe(digest);
    expect(tags).toEqual(["1.0"]);
    expect(registry.lines).toEqual([`PUT ${MANIFEST}`]);
    expect(new Uint8Array(registry.requests[0]?.body ?? [])).toEqual(bytes);
    expect(registry.requests[0]?.headers).toMatchObject({
      "content-type": MEDIA_TYPES.ociManifest,
      "content-length": String(bytes.byteLength),
    });
  });

  it("are not sent under a digest that is not theirs", async () => {
    await using registry = await scriptedRegistry({});
    const put = testClient().manifests.put(`${registry.host}/demo@${digestOf(encode("x"))}`, bytes);
    await expect(put).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
    await expect(testClient().manifests.put(`${registry.host}/demo:1`, encode("x"))).rejects.toMatchObject({
      code: "INVALID",
    });
    expect(registry.requests).toHaveLength(0);
  });

  it("are stored by sha512 where that is their name", async () => {
    const sha512 = digestOf(bytes, "sha512");
    await using registry = await scriptedRegistry({ [`PUT /v2/demo/manifests/${sha512}`]: { status: 201 } });
    const { descriptor } = await testClient().manifests.put(`${registry.host}/demo@${sha512}`, bytes);
    expect(descriptor.digest).toBe(sha512);
    expect(parseDigest(descriptor.digest)).toBeTruthy();
  });

  it("do not take a tag that is taken, where they are not to", async () => {
    const headers = { ...typed, "content-length": "1", "docker-content-digest": digest };
    await using registry = await scriptedRegistry({
      [`HEAD ${MANIFEST}`]: { status: 200, headers },
      "PUT /v2/demo/manifests/free": { status: 201 },
    });
    const { manifests } = testClient();
    await expect(
      manifests.put(`${registry.host}/demo:1.0`, bytes, { noClobber: true }),
    ).rejects.toMatchObject({
      code: "INVALID",
    });
    await manifests.put(`${registry.host}/demo:free`, bytes, { noClobber: true });
    expect(registry.requests.at(-1)?.headers["if-none-match"]).toBe("*");
  });

  it("do not take a tag that has moved meanwhile, also where the registry heeds no condition", async () => {
    const head = (etag?: string) => ({
      status: 200,
      headers: {
        ...typed,
        "content-length": String(bytes.byteLength),
        "docker-content-digest": digest,
        ...(etag === undefined ? {} : { etag }),
      },
    });
    await using registry = await scriptedRegistry({
      "HEAD /v2/demo/manifests/plain": head(),
      "HEAD /v2/demo/manifests/tagged": head('"v7"'),
      "HEAD /v2/demo/manifests/weak": head('W/"v7"'),
      "PUT /v2/demo/manifests/plain": { status: 201 },
      "PUT /v2/demo/manifests/tagged": { status: 201 },
      "PUT /v2/demo/manifests/weak": { status: 412 },
    });
    const { manifests } = testClient();
    const put = (tag: string, ifMatch: string, tags: readonly string[] = []) =>
      manifests.put(`${registry.host}/demo:${tag}`, bytes, { ifMatch, tags });
    const condition = (): unknown => registry.requests.at(-1)?.headers["if-match"];

    await put("plain", digest);
    expect(registry.lines).toEqual(["HEAD", "PUT"].map((method) => `${method} /v2/demo/manifests/plain`));
    expect(condition()).toBe(`"${digest}"`);
    // The registry's own word for the version that was found to be the one.
    await put("tagged", digest);
    expect(condition()).toBe('"v7"');
    await put("tagged", '"v7"', ["plain"]).catch(() => undefined);
    expect(registry.lines.at(-1)).toBe("HEAD /v2/demo/manifests/plain");
    await expect(put("weak", digest)).rejects.toMatchObject({ status: 412 });
    expect(condition()).toBe(`"${digest}"`);

    const sent = registry.lines.filter((line) => line.startsWith("PUT ")).length;
    const moved = digestOf(encode("moved"));
    await expect(put("plain", moved)).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining(`has become ${digest}; nothing was sent`),
    });
    await expect(put("missing", digest)).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("is not there (any more)"),
    });
    const untagged = manifests.put(`${registry.host}/demo`, bytes, { ifMatch: digest });
    await expect(untagged).rejects.toMatchObject({ code: "INVALID" });
    expect(registry.lines.filter((line) => line.startsWith("PUT "))).toHaveLength(sent);
  });

  it("are stored under several tags singly where a condition is about each of them", async () => {
    const headers = {
      ...typed,
      "content-length": String(bytes.byteLength),
      "docker-content-digest": digest,
    };
    await using registry = await scriptedRegistry({
      "HEAD /v2/demo/manifests/a": { status: 200, headers },
      "HEAD /v2/demo/manifests/b": { status: 200, headers },
      "PUT /v2/demo/manifests/a": { status: 201 },
      "PUT /v2/demo/manifests/b": { status: 201 },
    });
    await testClient().manifests.put(`${registry.host}/demo:a`, bytes, { ifMatch: digest, tags: ["b"] });
    expect(registry.lines).toEqual(
      ["HEAD a", "HEAD b", "PUT a", "PUT b"].map((line) => line.replace(" ", " /v2/demo/manifests/")),
    );
  });

  it("are not found out to be missing by one failure", async () => {
    await using registry = await scriptedRegistry({ [`HEAD ${MANIFEST}`]: { status: 503 } });
    await expect(testClient().manifests.digest(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
    });
  });
});
