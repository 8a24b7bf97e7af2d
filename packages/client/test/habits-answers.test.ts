import { createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, it } from "vitest";
import { encode, emptyManifest as manifest } from "./support/empty-manifest.ts";
import { collect, errorBody, scriptedRegistry, testClient } from "./support/scripted-registry.ts";
import { commit, uploadScript } from "./support/upload-registry.ts";

const digest = digestOf(manifest);
const typed = { "content-type": MEDIA_TYPES.ociManifest };
const TAGS = "GET /v2/demo/tags/list";
const HEAD = "HEAD /v2/demo/manifests/1.0";
const GET = "GET /v2/demo/manifests/1.0";
const PUT = "PUT /v2/demo/manifests/1.0";
const POST = "POST /v2/demo/blobs/uploads/";

describe("refusals", () => {
  it.each([
    ["Docker Hub, for abuse", "", "429"],
    [
      "Docker Hub, for too many pulls",
      errorBody("TOOMANYREQUESTS", "the pull rate limit"),
      "pull rate limit",
    ],
    ["ACR", errorBody("TOOMANYREQUESTS", "too many requests"), "too many requests"],
    ["MCR", "<!DOCTYPE html><title>Too many</title>", "429"],
  ])("%s: limits the rate, with empty values in its headers or none", async (_, body, said) => {
    const headers = { "ratelimit-limit": "", "ratelimit-remaining": "", "docker-ratelimit-source": "" };
    await using registry = await scriptedRegistry({ [GET]: { status: 429, headers, body } });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      retryable: true,
      message: expect.stringContaining(said),
    });
  });

  it.each([
    ["quay, beyond its quota", "Quota has been exceeded on namespace"],
    ["DigitalOcean, beyond the number of repositories", "registry contains 1 repositories, limit is 1"],
  ])("%s: says DENIED and why", async (_, message) => {
    await using registry = await scriptedRegistry({
      [POST]: { status: 403, body: errorBody("DENIED", message) },
    });
    await expect(testClient().blobs.put(`${registry.host}/demo`, encode("x"))).rejects.toMatchObject({
      code: "FORBIDDEN",
      retryable: false,
      message: expect.stringContaining(message),
    });
  });

  it("ghcr.io: says 403 for what is private or missing, which is not taken for its absence", async () => {
    const denied = { status: 403, body: errorBody("DENIED", "requested access is denied") };
    await using registry = await scriptedRegistry({ [HEAD]: { status: 403 }, [GET]: denied });
    expect(await testClient().manifests.exists(`${registry.host}/demo:1.0`)).toBe("unknown");
  });

  it("Harbor: says NOT_FOUND with a code of its own", async () => {
    await using registry = await scriptedRegistry({
      [GET]: { status: 404, body: errorBody("NOT_FOUND", "artifact demo:1.0 not found") },
    });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "NOT_FOUND",
      errors: [{ code: "NOT_FOUND" }],
    });
  });

  it("Oracle: refuses nobody in plain text, which is said as it came", async () => {
    const headers = { "content-type": "text/plain" };
    await using registry = await scriptedRegistry({
      [GET]: { status: 403, headers, body: "DENIED: Anonymous users are only allowed read access" },
    });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "FORBIDDEN",
      errors: [],
      message: expect.stringContaining("Anonymous users are only allowed"),
    });
  });

  it("OpenShift: takes names of two parts alone, and explains itself in details", async () => {
    await using registry = await scriptedRegistry({
      [GET]: { status: 400, body: '{"errors":[{"code":"NAME_INVALID","details":"must be namespace/name"}]}' },
    });
    await expect(testClient().manifests.get(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "INVALID",
      errors: [{ code: "NAME_INVALID", detail: "must be namespace/name" }],
      message: expect.stringContaining("must be namespace/name"),
    });
  });
});

describe("listings", () => {
  it("Docker Hub: gives all tags at once, and does not link", async () => {
    const names = Array.from({ length: 12_000 }, (_, i) => `t${i}`);
    await using registry = await scriptedRegistry({
      [TAGS]: { status: 200, body: JSON.stringify({ name: "demo", tags: names }) },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`))).toHaveLength(12_000);
    expect(registry.lines).toEqual([TAGS]);
  });

  it("distribution 2.8: takes no notice of n and last, and a page that comes again ends the listing", async () => {
    await using registry = await scriptedRegistry({ [TAGS]: { status: 200, body: '{"tags":["a","b"]}' } });
    const listed = testClient().tags.list(`${registry.host}/demo`, { pageSize: 2, probe: true });
    expect(await collect(listed)).toEqual(["a", "b"]);
    expect(registry.lines).toEqual([`${TAGS}?n=2`, `${TAGS}?n=2&last=b`]);
  });

  it("distribution 3 and quay: give fewer than were asked for, with a link, and the rest is asked for", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=5000`]: {
        status: 200,
        headers: { link: '</v2/demo/tags/list?last=b&n=1000>; rel="next"' },
        body: '{"tags":["a","b"]}',
      },
      [`${TAGS}?last=b&n=1000`]: { status: 200, body: '{"tags":["c"]}' },
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize: 5000 }))).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("Artifactory: a page is full with the digests in it, and it goes on behind its last name", async () => {
    const listed = `sha256:${"0".repeat(64)}`;
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=2`]: { status: 200, body: JSON.stringify({ tags: ["a", listed] }) },
      [`${TAGS}?n=2&last=${encodeURIComponent(listed)}`]: { status: 200, body: '{"tags":["z"]}' },
    });
    const found = testClient().tags.list(`${registry.host}/demo`, { pageSize: 2, probe: true });
    expect(await collect(found)).toEqual(["a", "z"]);
  });

  it("Harbor: refuses a last it does not like, and the error says so", async () => {
    await using registry = await scriptedRegistry({
      "GET /v2/_catalog": { status: 400, body: errorBody("BAD_REQUEST", "the last does not exist") },
    });
    await expect(collect(testClient().catalog.list(registry.host, { after: "x" }))).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("the last does not exist"),
    });
    expect(registry.requests).toHaveLength(1);
  });

  it("Nexus: links with the scheme of the proxy's other side, on its own host", async () => {
    await using registry = await scriptedRegistry({
      [`${TAGS}?n=1&last=a`]: { status: 200, body: '{"tags":["b"]}' },
      [`${TAGS}?n=1`]: ({ headers }) => ({
        status: 200,
        headers: {
          link: `<https://${headers.host ?? ""}/repository/x/v2/demo/tags/list?n=1&last=a>; rel="next"`,
        },
        body: '{"tags":["a"]}',
      }),
    });
    expect(await collect(testClient().tags.list(`${registry.host}/demo`, { pageSize: 1 }))).toEqual([
      "a",
      "b",
    ]);
  });
});

describe("manifests", () => {
  it("distribution: wants OCI types in Accept, or the image is not there", async () => {
    await using registry = await scriptedRegistry({
      [GET]: ({ headers }) =>
        headers.accept?.includes(MEDIA_TYPES.ociManifest) === true &&
        headers.accept.includes(MEDIA_TYPES.ociIndex)
          ? { status: 200, headers: typed, body: manifest }
          : { status: 404, body: errorBody("MANIFEST_UNKNOWN", "OCI manifest found, but accept header") },
    });
    expect((await testClient().manifests.get(`${registry.host}/demo:1.0`)).descriptor.digest).toBe(digest);
  });

  it("Harbor: would compress what it sends, and is asked not to: a HEAD's length is the manifest's", async () => {
    const answer = ({ headers }: { headers: Readonly<Record<string, unknown>> }) => {
      const plain = headers["accept-encoding"] === "identity";
      const body = plain ? manifest : gzipSync(manifest);
      return {
        status: 200,
        headers: {
          ...typed,
          "docker-content-digest": digest,
          "content-length": String(body.byteLength),
          ...(plain ? {} : { "content-encoding": "gzip" }),
        },
        body,
      };
    };
    await using registry = await scriptedRegistry({ [HEAD]: answer, [GET]: answer });
    const { manifests } = testClient();
    const head = await manifests.head(`${registry.host}/demo:1.0`);
    expect(head.descriptor).toEqual((await manifests.get(`${registry.host}/demo:1.0`)).descriptor);
  });

  it("Artifactory: puts a charset behind the media type", async () => {
    const headers = { "content-type": `${MEDIA_TYPES.ociManifest};charset=ISO-8859-1` };
    await using registry = await scriptedRegistry({
      [HEAD]: {
        status: 200,
        headers: {
          ...headers,
          "docker-content-digest": digest,
          "content-length": String(manifest.byteLength),
        },
      },
      [GET]: { status: 200, headers, body: manifest },
    });
    const { manifests } = testClient();
    const expected = { mediaType: MEDIA_TYPES.ociManifest, digest, size: manifest.byteLength };
    expect((await manifests.head(`${registry.host}/demo:1.0`)).descriptor).toEqual(expected);
    expect((await manifests.get(`${registry.host}/demo:1.0`)).descriptor).toEqual(expected);
  });

  it.each(["Nexus", "IBM", "nixery"])("%s: names no digest on a HEAD, so it is computed", async () => {
    await using registry = await scriptedRegistry({
      [HEAD]: { status: 200, headers: { ...typed, "content-length": String(manifest.byteLength) } },
      [GET]: { status: 200, headers: typed, body: manifest },
    });
    expect(await testClient().manifests.digest(`${registry.host}/demo:1.0`)).toBe(digest);
    expect(registry.lines).toEqual([HEAD, GET]);
  });

  it("Gitea: has an ETag, and does not send again what has not changed", async () => {
    await using registry = await scriptedRegistry({
      [GET]: ({ headers }) =>
        headers["if-none-match"] === `"${digest}"`
          ? { status: 304 }
          : { status: 200, headers: { ...typed, etag: `"${digest}"` }, body: manifest },
    });
    const { manifests } = testClient();
    const { etag = "" } = await manifests.get(`${registry.host}/demo:1.0`);
    expect(await manifests.getIfChanged(`${registry.host}/demo:1.0`, etag)).toBeUndefined();
  });

  it("Nexus and ECR: want a length, and the manifest's own media type, without parameters", async () => {
    await using registry = await scriptedRegistry({
      [PUT]: ({ headers, body }) =>
        headers["content-length"] === undefined
          ? { status: 411 }
          : headers["content-type"] === JSON.parse(body.toString()).mediaType
            ? { status: 201 }
            : { status: 400, body: errorBody("MANIFEST_INVALID") },
    });
    await testClient().manifests.put(`${registry.host}/demo:1.0`, manifest);
    expect(registry.requests[0]?.body).toEqual(Buffer.from(manifest));
  });

  it("ECR: keeps tags that do not change, which is no reason to try again", async () => {
    await using registry = await scriptedRegistry({
      [PUT]: { status: 400, body: errorBody("TAG_INVALID", "tag 1.0 is immutable") },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo:1.0`, manifest)).rejects.toMatchObject({
      code: "INVALID",
      retryable: false,
      message: expect.stringContaining("TAG_INVALID: tag 1.0 is immutable"),
    });
  });

  it("ECR: refuses some manifests that have a subject with 405, which does not pass for stored", async () => {
    const artifact = encode(
      JSON.stringify({
        ...JSON.parse(new TextDecoder().decode(manifest)),
        artifactType: "application/vnd.example",
        subject: { mediaType: MEDIA_TYPES.ociManifest, digest, size: manifest.byteLength },
      }),
    );
    await using registry = await scriptedRegistry({
      [`PUT /v2/demo/manifests/${digestOf(artifact)}`]: { status: 405, body: errorBody("UNSUPPORTED") },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo`, artifact)).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
    expect(registry.requests).toHaveLength(1);
  });
});

describe("uploads", () => {
  it("ECR: refuses a blob of no bytes, in its own words and once", async () => {
    const { script } = uploadScript(
      {
        put: () => ({ status: 400, body: errorBody("BLOB_UPLOAD_INVALID", "layer part size 0 is invalid") }),
      },
      [new Uint8Array()],
    );
    await using registry = await scriptedRegistry(script);
    await expect(testClient().blobs.put(`${registry.host}/demo`, new Uint8Array())).rejects.toMatchObject({
      code: "INVALID",
      message: expect.stringContaining("layer part size 0"),
    });
    expect(registry.lines.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT", "DELETE"]);
  });

  it("ACR: takes a chunk's range as two numbers alone", async () => {
    const bytes = encode("0123456789");
    const ranges: unknown[] = [];
    const { script, state } = uploadScript(
      {
        patch: ({ headers }) => {
          ranges.push(headers["content-range"]);
          return undefined;
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes, { strategy: "chunked", chunkBytes: 4 });
    expect(ranges).toEqual(["0-3", "4-7", "8-9"]);
    expect(state.blobs.has(digestOf(bytes))).toBe(true);
  });

  it("distribution: says BLOB_UPLOAD_INVALID with a 404 for an upload it has lost, and another begins", async () => {
    const bytes = encode("content");
    let lost = false;
    const { script, state } = uploadScript(
      {
        put: (seen, upload) => {
          if (lost) return commit(seen, upload);
          lost = true;
          return { status: 404, body: errorBody("BLOB_UPLOAD_INVALID") };
        },
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await testClient().blobs.put(`${registry.host}/demo`, bytes);
    expect(state.blobs.has(digestOf(bytes))).toBe(true);
    expect(state.sessions).toBe(2);
  });

  it("Gitea: takes a single POST, and the registry is known by it from then on", async () => {
    const { script, state } = uploadScript(
      { post: (seen, upload) => (seen.path.includes("digest=") ? commit(seen, upload) : undefined) },
      [],
    );
    await using registry = await scriptedRegistry(script);
    const client = testClient();
    await client.blobs.put(`${registry.host}/demo`, encode("a"), { strategy: "single-post" });
    expect(client.capabilities.get(registry.host, "singlePost")).toBe(true);
    expect(state.blobs.size).toBe(1);
  });

  it("Nexus: left the unit out of Content-Range once, and a download goes on all the same", async () => {
    const bytes = encode("0123456789");
    await using registry = await scriptedRegistry({
      [`GET /v2/demo/blobs/${digestOf(bytes)}`]: {
        status: 206,
        headers: { "content-range": "4-9/10" },
        body: bytes.subarray(4),
      },
    });
    const part = await testClient().blobs.get(`${registry.host}/demo@${digestOf(bytes)}`, {
      offset: 4,
      size: 10,
    });
    expect(new TextDecoder().decode(await part.bytes(10))).toBe("456789");
  });

  it("Cloudflare: once sent a 202 whose length is the word None, which is no HTTP and ends with an error", async () => {
    const server = createServer((socket) => {
      socket.once("data", () => {
        socket.end(
          "HTTP/1.1 202 Accepted\r\nLocation: /v2/demo/blobs/uploads/1\r\nContent-Length: None\r\n\r\n",
        );
      });
      socket.on("error", () => undefined);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    try {
      await expect(testClient().blobs.put(`127.0.0.1:${port}/demo`, encode("x"))).rejects.toMatchObject({
        code: "PROTOCOL",
        message: expect.stringContaining(`127.0.0.1:${port}`),
      });
    } finally {
      server.close();
    }
  });
});
