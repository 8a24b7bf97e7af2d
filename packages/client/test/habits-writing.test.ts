import { randomBytes } from "node:crypto";
import { digestOf, MEDIA_TYPES } from "@reg/content";
import type { TransportRequest } from "@reg/transport";
import { describe, expect, it } from "vitest";
import { RegistryClient } from "../src/index.ts";
import { encode, emptyManifest as manifest } from "./support/empty-manifest.ts";
import { errorBody, scriptedRegistry, testClient, testTransport } from "./support/scripted-registry.ts";
import { commit, type UploadHabits, uploadScript } from "./support/upload-registry.ts";

const MIB = 1024 * 1024;
const bytes = new Uint8Array(randomBytes(6 * MIB));
const digest = digestOf(bytes);
const manifestDigest = digestOf(manifest);
const methodsOf = (lines: readonly string[]): string[] => lines.map((line) => line.split(" ")[0] ?? "");

/** The blob as a stream, from any byte on. */
async function* pieces(length: number, from = 0): AsyncGenerator<Uint8Array> {
  for (let at = from; at < bytes.byteLength; at += length) yield bytes.subarray(at, at + length);
}

/** Pushes the blob to a registry with these habits, and gives the requests it took. */
async function push(
  habits: UploadHabits,
  options: Parameters<RegistryClient["blobs"]["put"]>[2] = {},
  client: RegistryClient = testClient(),
): Promise<string[]> {
  const { script, state } = uploadScript(habits, [bytes]);
  await using registry = await scriptedRegistry(script);
  await client.blobs.put(`${registry.host}/demo`, bytes, options);
  expect(state.blobs.has(digest)).toBe(true);
  return methodsOf(registry.lines).slice(1);
}

describe("uploads", () => {
  it("ghcr.io: refuses a PATCH of more than 4 MiB with 416, and gets smaller ones, from the start", async () => {
    const lines = await push(
      { patch: ({ body }) => (body.length > 4 * MIB ? { status: 416 } : undefined) },
      { strategy: "chunked" },
    );
    // 0-0 does not tell whether a byte has arrived.
    expect(lines).toEqual(["POST", "PATCH", "GET", "DELETE", "POST", "PATCH", "PATCH", "PUT"]);
  });

  it("ghcr.io: gets smaller chunks of a stream whose size nobody knows, too", async () => {
    const { script, state } = uploadScript(
      { patch: ({ body }) => (body.length > 2 * MIB ? { status: 416 } : undefined) },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    async function* source(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.byteLength; at += MIB) yield bytes.subarray(at, at + MIB);
    }
    await testClient().blobs.put(`${registry.host}/demo`, source(), { chunkBytes: 4 * MIB });
    expect(state.blobs.has(digest)).toBe(true);
  });

  it("GCR: takes no chunks, so one request for all is the default", async () => {
    expect(await push({ patch: () => ({ status: 405, body: errorBody("UNSUPPORTED") }) })).toEqual([
      "POST",
      "PUT",
    ]);
  });

  it("GCR: takes no chunks, so a stream whose size nobody knows is held in memory and sent whole, from then on at once", async () => {
    const client = testClient();
    const { script, state } = uploadScript(
      { patch: () => ({ status: 405, body: errorBody("UNSUPPORTED") }) },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    for (const expected of [
      ["POST", "PATCH", "DELETE", "POST", "PUT"],
      ["POST", "PUT"],
    ]) {
      state.blobs.clear();
      const before = registry.lines.length;
      const stored = await client.blobs.put(`${registry.host}/demo`, pieces(100_000), {
        chunkBytes: 1_000_000,
      });
      expect(stored).toMatchObject({ digest, size: bytes.byteLength });
      expect(state.blobs.get(digest)?.equals(bytes)).toBe(true);
      expect(methodsOf(registry.lines.slice(before))).toEqual(expected);
    }
  });

  it("GCR: gets content that can be read twice without its being held in memory", async () => {
    const { script, state } = uploadScript({ patch: () => ({ status: 405 }) }, [bytes]);
    await using registry = await scriptedRegistry(script);
    const client = testClient({ limits: { spoolBytes: 0 } });
    const body = { size: bytes.byteLength, open: pieces.bind(undefined, 100_000) };
    await client.blobs.put(`${registry.host}/demo`, body, { chunkBytes: 1_000_000 });
    expect(state.blobs.get(digest)?.equals(bytes)).toBe(true);
  });

  it("GCR: a stream too large to be held in memory ends with an error that names the option and the way out", async () => {
    const { script, state } = uploadScript({ patch: () => ({ status: 405 }) }, [bytes]);
    await using registry = await scriptedRegistry(script);
    const client = testClient({ limits: { spoolBytes: 2 * MIB } });
    let ended = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        yield* pieces(100_000);
      } finally {
        ended = true;
      }
    }
    const pushed = client.blobs.put(`${registry.host}/demo`, source(), { chunkBytes: 1_000_000 });
    await expect(pushed).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
      message: expect.stringMatching(/limits\.spoolBytes.*\{ size, open \}/),
    });
    expect(ended).toBe(true);
    expect(state.blobs.size).toBe(0);
    // Nothing is learnt of a registry from what was not sent.
    expect(client.capabilities.get(registry.host, "chunkedUpload")).toBeUndefined();
  });

  it.each(["monolithic", "single-post"] as const)(
    "sends a stream %s where it is told to",
    async (strategy) => {
      const { script, state } = uploadScript(
        { post: (seen, upload) => (seen.path.includes("digest=") ? commit(seen, upload) : undefined) },
        [bytes],
      );
      await using registry = await scriptedRegistry(script);
      await testClient().blobs.put(`${registry.host}/demo`, pieces(1_000_000), {
        strategy,
        chunkBytes: 1_000_000,
      });
      expect(state.blobs.has(digest)).toBe(true);
      expect(methodsOf(registry.lines)).toEqual(strategy === "monolithic" ? ["POST", "PUT"] : ["POST"]);
    },
  );

  it("keeps to chunks for a stream where it is told to, and says what the registry says", async () => {
    const { script } = uploadScript({ patch: () => ({ status: 405, body: errorBody("UNSUPPORTED") }) }, [
      bytes,
    ]);
    await using registry = await scriptedRegistry(script);
    const options = { strategy: "chunked", chunkBytes: 1_000_000 } as const;
    await expect(
      testClient().blobs.put(`${registry.host}/demo`, pieces(100_000), options),
    ).rejects.toMatchObject({ code: "UNSUPPORTED" });
  });

  it("Artifactory, behind a proxy that limits bodies: gets chunks where one request for all is too large", async () => {
    const lines = await push({ put: ({ body }) => (body.length > 5 * MIB ? { status: 413 } : undefined) });
    expect(lines).toEqual(["POST", "PUT", "DELETE", "POST", "PATCH", "PUT"]);
  });

  it("remembers that one request for all is refused", async () => {
    const client = testClient();
    const { script } = uploadScript({ put: ({ body }) => (body.length > 0 ? { status: 411 } : undefined) }, [
      bytes,
    ]);
    await using registry = await scriptedRegistry(script);
    await client.blobs.put(`${registry.host}/demo`, bytes);
    expect(client.capabilities.get(registry.host, "monolithicUpload")).toBe(false);
    const first = registry.lines.length;
    await client.blobs.put(`${registry.host}/demo`, encode("more"));
    expect(methodsOf(registry.lines.slice(first))).toEqual(["POST", "PATCH", "PUT"]);
  });

  it("ECR: answers a PATCH with 201 and a range that never changes", async () => {
    const lines = await push(
      {
        patch: (seen, state) => {
          state.bytes = Buffer.concat([state.bytes, seen.body]);
          return {
            status: 201,
            headers: { location: "/v2/demo/blobs/uploads/session", range: "0-1048575" },
          };
        },
      },
      { strategy: "chunked", chunkBytes: 2 * MIB },
    );
    expect(lines).toEqual(["POST", "PATCH", "PATCH", "PATCH", "PUT"]);
  });

  it("tells the range of each chunk alone, and is not believed", async () => {
    const lines = await push(
      {
        patch: (seen, state) => {
          state.bytes = Buffer.concat([state.bytes, seen.body]);
          return { status: 202, headers: { range: `0-${seen.body.length - 1}` } };
        },
      },
      { strategy: "chunked", chunkBytes: 2 * MIB },
    );
    expect(lines).toEqual(["POST", "PATCH", "PATCH", "PATCH", "PUT"]);
  });

  it("distribution: a range that is one too short, again and again, leads to one request for all", async () => {
    const lines = await push(
      {
        patch: (seen, state) => {
          const start = Number(seen.headers["content-range"]?.split("-")[0]);
          if (start !== state.bytes.length) {
            return { status: 416, headers: { range: `0-${state.bytes.length - 2}` } };
          }
          state.bytes = Buffer.concat([state.bytes, seen.body]);
          return { status: 202, headers: { range: `0-${state.bytes.length - 2}` } };
        },
        status: (_, state) => ({ status: 204, headers: { range: `0-${state.bytes.length - 2}` } }),
      },
      { chunkBytes: 3 * MIB },
      clientThatChunks(),
    );
    expect(lines.filter((method) => method === "POST")).toHaveLength(2);
    expect(lines.at(-1)).toBe("PUT");
  });

  it("quay: has a range of 0--1 at first, and a status without a Location", async () => {
    let broken = false;
    const lines = await push(
      {
        post: (_, state) => {
          state.sessions += 1;
          return { status: 202, headers: { location: "/v2/demo/blobs/uploads/session", range: "0--1" } };
        },
        patch: (seen, state) => {
          if (broken) return undefined;
          broken = true;
          state.bytes = seen.body.subarray(0, 100);
          return { status: 500 };
        },
        status: (_, state) => ({ status: 204, headers: { range: `0-${state.bytes.length - 1}` } }),
      },
      { strategy: "chunked" },
    );
    expect(lines).toEqual(["POST", "PATCH", "HEAD", "GET", "PATCH", "PUT"]);
  });

  it("Gitea: says 0-0 for no byte, and the upload begins anew rather than with a byte too many", async () => {
    let broken = false;
    const lines = await push(
      {
        patch: () => {
          if (broken) return undefined;
          broken = true;
          return { status: 500 };
        },
      },
      { strategy: "chunked" },
    );
    expect(lines).toEqual(["POST", "PATCH", "HEAD", "GET", "DELETE", "POST", "PATCH", "PUT"]);
  });

  it("Cloudflare: takes chunks between its least and most lengths", async () => {
    const lengths: number[] = [];
    await push(
      {
        post: (_, state) => {
          state.sessions += 1;
          return {
            status: 202,
            headers: {
              location: "/v2/demo/blobs/uploads/session",
              "oci-chunk-min-length": String(2 * MIB),
              "oci-chunk-max-length": String(5 * MIB),
            },
          };
        },
        patch: ({ body }) => {
          lengths.push(body.length);
          return undefined;
        },
      },
      { strategy: "chunked", chunkBytes: 1000 },
    );
    expect(lengths).toEqual([2 * MIB, 2 * MIB, 2 * MIB]);
  });

  it("refuses to hold chunks of 5 GiB in memory", async () => {
    const { script } = uploadScript(
      {
        post: () => ({
          status: 202,
          headers: { location: "/v2/demo/blobs/uploads/session", "oci-chunk-min-length": "5368709120" },
        }),
      },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    await expect(testClient().blobs.put(`${registry.host}/demo`, bytes)).rejects.toMatchObject({
      code: "SIZE_EXCEEDED",
    });
  });

  it("zot: takes a single POST", async () => {
    const client = testClient();
    const lines = await push(
      { post: (seen, state) => (seen.body.length > 0 ? commit(seen, state) : undefined) },
      { strategy: "single-post" },
      client,
    );
    expect(lines).toEqual(["POST"]);
  });

  it("uses a single POST by itself once a registry is known to take one, for what is small", async () => {
    const tiny = encode("tiny");
    const { script } = uploadScript(
      { post: (seen, state) => (seen.body.length > 0 ? commit(seen, state) : undefined) },
      [bytes],
    );
    await using registry = await scriptedRegistry(script);
    const client = testClient();
    await client.blobs.put(`${registry.host}/demo`, tiny, { strategy: "single-post" });
    await client.blobs.put(`${registry.host}/demo`, tiny);
    expect(methodsOf(registry.lines)).toEqual(["POST", "POST"]);
  });

  it("distribution: takes no notice of a single POST's body, and gets it again on the session it began", async () => {
    const client = testClient();
    expect(await push({}, { strategy: "single-post" }, client)).toEqual(["POST", "PUT"]);
  });

  it("closes an upload with 204, as some do", async () => {
    const lines = await push({
      put: (seen, state) => {
        commit(seen, state);
        return { status: 204 };
      },
    });
    expect(lines).toEqual(["POST", "PUT"]);
  });

  it("sends an upload to another host without taking the registry's name along", async () => {
    const contexts: TransportRequest["context"][] = [];
    const transport = testTransport();
    const client = new RegistryClient({
      transport: (request) => {
        contexts.push(request.context);
        return transport(request);
      },
    });
    await using storage = await scriptedRegistry({ "PUT /upload": { status: 201 } });
    await using registry = await scriptedRegistry({
      "POST /v2/demo/blobs/uploads/": {
        status: 202,
        headers: { location: `http://${storage.host}/upload?sig=x` },
      },
    });
    await client.blobs.put(`${registry.host}/demo`, encode("tiny"));
    expect(storage.lines).toEqual([
      `PUT /upload?sig=x&digest=${encodeURIComponent(digestOf(encode("tiny")))}`,
    ]);
    // What belongs to the registry's origin stays there: the request itself goes elsewhere.
    expect(contexts.map((context) => context?.origin)).toEqual(Array(2).fill(`http://${registry.host}`));
  });

  it("lets a transport begin an upload twice, and do nothing else of it twice", async () => {
    const seen: string[] = [];
    const transport = testTransport();
    const { script } = uploadScript({}, [bytes]);
    await using registry = await scriptedRegistry(script);
    const client = new RegistryClient({
      transport: (request) => {
        seen.push(`${request.method} ${String(request.idempotent)}`);
        return transport(request);
      },
    });
    await client.blobs.put(`${registry.host}/demo`, bytes, { strategy: "chunked" });
    expect(seen).toEqual(["HEAD undefined", "POST true", "PATCH undefined", "PUT undefined"]);
  });

  it("fails where an upload begins without a Location", async () => {
    await using registry = await scriptedRegistry({ "POST /v2/demo/blobs/uploads/": { status: 202 } });
    await expect(testClient().blobs.put(`${registry.host}/demo`, encode("tiny"))).rejects.toMatchObject({
      code: "PROTOCOL",
    });
  });

  it("fails where the repository does not exist, as in ECR, in the registry's words", async () => {
    await using registry = await scriptedRegistry({
      "POST /v2/demo/blobs/uploads/": { status: 404, body: errorBody("NAME_UNKNOWN", "no such repository") },
    });
    await expect(testClient().blobs.put(`${registry.host}/demo`, encode("tiny"))).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("no such repository"),
    });
    expect(registry.requests).toHaveLength(1);
  });
});

describe("mounts", () => {
  const target = (host: string): string => `${host}/demo@${digest}`;

  it("Docker Hub: asks for the right to read the source with the right to write the target, in one request", async () => {
    const scopes: unknown[] = [];
    const transport = testTransport();
    await using registry = await scriptedRegistry({ "POST /v2/demo/blobs/uploads/": { status: 201 } });
    const client = new RegistryClient({
      transport: (request) => {
        scopes.push(request.context?.scopes);
        return transport(request);
      },
    });
    expect(await client.blobs.mount(target(registry.host), `${registry.host}/source`)).toBe(true);
    expect(scopes).toEqual([["repository:demo:pull,push", "repository:source:pull"]]);
    expect(registry.lines).toEqual([
      `POST /v2/demo/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=source`,
    ]);
  });

  it("ECR: begins an upload in place of the mount, which the copy then goes on with", async () => {
    const { script, state } = uploadScript({}, [bytes]);
    await using registry = await scriptedRegistry(script);
    const client = testClient();
    const repository = client.repository(`${registry.host}/demo`);
    const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: bytes.byteLength };
    const mounted = await repository.mount?.(descriptor, client.repository(`${registry.host}/source`));
    expect(mounted).toBe(false);
    await repository.push(descriptor, bytes);
    expect(state.blobs.has(digest)).toBe(true);
    expect(methodsOf(registry.lines)).toEqual(["POST", "PUT"]);
  });

  it.each([401, 403, 404, 405])(
    "Harbor: refuses a mount with %i, and gets a plain upload",
    async (status) => {
      const { script, state } = uploadScript(
        { post: ({ path }) => (path.includes("mount=") ? { status } : undefined) },
        [bytes],
      );
      await using registry = await scriptedRegistry(script);
      const client = testClient();
      const repository = client.repository(`${registry.host}/demo`);
      const descriptor = { mediaType: MEDIA_TYPES.ociLayer, digest, size: bytes.byteLength };
      expect(await repository.mount?.(descriptor, client.repository(`${registry.host}/source`))).toBe(false);
      await repository.push(descriptor, bytes);
      expect(state.blobs.has(digest)).toBe(true);
      expect(methodsOf(registry.lines)).toEqual(["POST", "POST", "PUT"]);
    },
  );

  it("are not tried across registries, nor from the repository itself", async () => {
    await using a = await scriptedRegistry({});
    await using b = await scriptedRegistry({});
    const client = testClient();
    expect(await client.blobs.mount(target(a.host), `${b.host}/source`)).toBe(false);
    const repository = client.repository(`${a.host}/demo`);
    expect(repository.canMount?.(client.repository(`${b.host}/demo`))).toBe(false);
    expect(repository.canMount?.(repository)).toBe(false);
    expect(repository.canMount?.(client.repository(`${a.host}/other`))).toBe(true);
    expect(a.requests).toHaveLength(0);
  });
});

describe("storing manifests", () => {
  const put = (tag: string): string => `PUT /v2/demo/manifests/${tag}`;

  it("zot: takes several tags in one request, and those it does not name are sent singly", async () => {
    await using registry = await scriptedRegistry({
      [put(manifestDigest)]: { status: 201, headers: { "oci-tag": ["1.0", "latest"] } },
      [put("odd")]: { status: 201 },
    });
    const result = await testClient().manifests.put(`${registry.host}/demo:1.0`, manifest, {
      tags: ["latest", "odd"],
    });
    expect(result.tags).toEqual(["1.0", "latest", "odd"]);
    expect(registry.lines).toEqual([`${put(manifestDigest)}?tag=1.0&tag=latest&tag=odd`, put("odd")]);
  });

  it("distribution: takes no notice of the tags, which are then sent singly, and asked for no more", async () => {
    await using registry = await scriptedRegistry({
      [put(manifestDigest)]: { status: 201 },
      [put("1.0")]: { status: 201 },
      [put("latest")]: { status: 201 },
    });
    const { manifests } = testClient();
    await manifests.put(`${registry.host}/demo:1.0`, manifest, { tags: ["latest"] });
    await manifests.put(`${registry.host}/demo:1.0`, manifest, { tags: ["latest"] });
    expect(registry.lines).toEqual([
      `${put(manifestDigest)}?tag=1.0&tag=latest`,
      put("1.0"),
      put("latest"),
      put("1.0"),
      put("latest"),
    ]);
  });

  it("a registry to which it is too many tags gets them singly", async () => {
    await using registry = await scriptedRegistry({
      [`${put(manifestDigest)}?tag=1.0&tag=latest`]: { status: 414 },
      [put(manifestDigest)]: { status: 201 },
      [put("1.0")]: { status: 201 },
      [put("latest")]: { status: 201 },
    });
    await testClient().manifests.put(`${registry.host}/demo:1.0`, manifest, { tags: ["latest"] });
    expect(registry.lines).toHaveLength(4);
  });

  it("quay: stores something else than what was sent, which is an error", async () => {
    await using registry = await scriptedRegistry({
      [put("1.0")]: { status: 201, headers: { "docker-content-digest": digestOf(encode("converted")) } },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo:1.0`, manifest)).rejects.toMatchObject({
      code: "DIGEST_MISMATCH",
    });
  });

  it("quay: keeps a tag that does not change", async () => {
    await using registry = await scriptedRegistry({
      [put("1.0")]: { status: 409, body: errorBody("TAG_IMMUTABLE", "tag is immutable") },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo:1.0`, manifest)).rejects.toMatchObject({
      code: "INVALID",
      status: 409,
      errors: [{ code: "TAG_IMMUTABLE" }],
    });
  });

  it("DigitalOcean: is read-only while it collects its garbage", async () => {
    await using registry = await scriptedRegistry({
      [put("1.0")]: { status: 503, body: errorBody("UNAVAILABLE", "read-only") },
    });
    await expect(testClient().manifests.put(`${registry.host}/demo:1.0`, manifest)).rejects.toMatchObject({
      code: "UNAVAILABLE",
      retryable: true,
    });
  });
});

describe("deleting", () => {
  const del = (name: string): string => `DELETE /v2/demo/manifests/${name}`;
  const missing = { [`GET /v2/demo/manifests/${manifestDigest}`]: { status: 200, body: manifest } };

  it.each([202, 200, 204])("takes %i for done", async (status) => {
    await using registry = await scriptedRegistry({
      ...missing,
      [del("1.0")]: { status },
      [del(manifestDigest)]: { status },
      [`DELETE /v2/demo/blobs/${digest}`]: { status },
    });
    const client = testClient();
    await client.tags.delete(`${registry.host}/demo:1.0`);
    await client.manifests.delete(`${registry.host}/demo@${manifestDigest}`);
    await client.blobs.delete(`${registry.host}/demo@${digest}`);
  });

  it.each([
    ["Docker Hub", { status: 405, body: errorBody("UNSUPPORTED") }],
    ["ghcr.io", { status: 405 }],
    ["distribution", { status: 400, body: errorBody("DIGEST_INVALID") }],
    ["OpenShift", { status: 405, body: '{"errors":[{"code":"UNSUPPORTED","details":"off"}]}' }],
  ])("%s: deletes no tags, and never the manifest in their place", async (_, answer) => {
    await using registry = await scriptedRegistry({ [del("1.0")]: answer });
    await expect(testClient().tags.delete(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("emulate"),
    });
    expect(registry.lines).toEqual([del("1.0")]);
  });

  it("where it is asked to, deletes a manifest made for the tag, and no other", async () => {
    let placeholder = "";
    await using registry = await scriptedRegistry({
      [del("1.0")]: { status: 405 },
      "HEAD /v2/demo/manifests/1.0": {
        status: 200,
        headers: {
          "content-type": MEDIA_TYPES.ociManifest,
          "content-length": String(manifest.byteLength),
          "docker-content-digest": manifestDigest,
        },
      },
      "PUT /v2/demo/manifests/1.0": ({ body }) => {
        placeholder = digestOf(body);
        return { status: 201 };
      },
    });
    const deleted = testClient().tags.delete(`${registry.host}/demo:1.0`, { emulate: true });
    await expect(deleted).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(registry.lines.at(-1)).toBe(del(placeholder));
    expect(placeholder).not.toBe(manifestDigest);
  });

  it("quay: deletes no blobs", async () => {
    await using registry = await scriptedRegistry({ [`DELETE /v2/demo/blobs/${digest}`]: { status: 405 } });
    await expect(testClient().blobs.delete(`${registry.host}/demo@${digest}`)).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
  });

  it("wants a digest for a manifest, and a tag for a tag", async () => {
    await using registry = await scriptedRegistry({});
    const client = testClient();
    await expect(client.manifests.delete(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "INVALID",
    });
    await expect(client.tags.delete(`${registry.host}/demo@${digest}`)).rejects.toMatchObject({
      code: "INVALID",
    });
    expect(registry.requests).toHaveLength(0);
  });
});

/** A client to which every registry is known to take no single request for all. */
function clientThatChunks(): RegistryClient {
  const client = testClient();
  const { get } = client.capabilities;
  client.capabilities.get = (place, capability) =>
    capability === "monolithicUpload" ? false : get.call(client.capabilities, place, capability);
  return client;
}
