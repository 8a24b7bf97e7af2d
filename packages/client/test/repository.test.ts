import { randomBytes } from "node:crypto";
import { type Descriptor, digestOf, MEDIA_TYPES, memoryStore } from "@reg/content";
import { createRegistry, memoryStorage } from "@reg/server";
import { fetchTransport, type Transport } from "@reg/transport";
import { describe, expect, it } from "vitest";
import { RegistryClient } from "../src/index.ts";
import { collect } from "./support/scripted-registry.ts";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The embedded registry without a port, and a client of it that notes what it asks for. */
function embedded(): {
  readonly client: RegistryClient;
  readonly lines: string[];
  readonly scopes: Set<string>;
} {
  const registry = createRegistry({ storage: memoryStorage() });
  const send = fetchTransport((input, init) => registry.fetch(new Request(input, init)));
  const lines: string[] = [];
  const scopes = new Set<string>();
  const transport: Transport = (request) => {
    const path = request.url.pathname
      .replaceAll(/sha256:[0-9a-f]+/g, "sha256")
      .replace(/uploads\/.+/, "uploads/id");
    const query = request.url.searchParams.has("mount") ? "?mount" : "";
    lines.push(`${request.method} ${path}${query}`);
    scopes.add((request.context?.scopes ?? []).join(" "));
    return send(request);
  };
  return { client: new RegistryClient({ transport }), lines, scopes };
}

async function* none(): AsyncGenerator<never> {}

/** Layers large enough to be asked for before they are sent. */
async function pushImage(client: RegistryClient, ref: string, tag: string): Promise<Descriptor> {
  const layer = new Uint8Array(randomBytes(300_000));
  const config = encode({
    os: "linux",
    architecture: "amd64",
    rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: await client.blobs.put(ref, config, { mediaType: MEDIA_TYPES.ociConfig }),
    layers: [await client.blobs.put(ref, layer, { mediaType: MEDIA_TYPES.ociLayer })],
  });
  return (await client.manifests.put(`${ref}:${tag}`, manifest)).descriptor;
}

describe("copying", () => {
  it("within a registry moves no blob: a mount each, one GET, and one PUT for the tag", async () => {
    const { client, lines, scopes } = embedded();
    const image = await pushImage(client, "localhost:5000/demo/source", "1.0");
    lines.length = 0;
    scopes.clear();
    const result = await client.copy("localhost:5000/demo/source:1.0", "localhost:5000/demo/target");
    expect(result).toMatchObject({ mounted: 2, descriptor: image, tags: ["1.0"] });
    expect(lines.toSorted()).toEqual([
      "GET /v2/demo/source/manifests/1.0",
      "HEAD /v2/demo/target/manifests/1.0",
      "HEAD /v2/demo/target/manifests/sha256",
      "POST /v2/demo/target/blobs/uploads/?mount",
      "POST /v2/demo/target/blobs/uploads/?mount",
      "PUT /v2/demo/target/manifests/1.0",
    ]);
    // Two tokens, whatever the number of requests.
    expect([...scopes].toSorted()).toEqual([
      "repository:demo/source:pull",
      "repository:demo/target:pull,push repository:demo/source:pull",
    ]);
  });

  it("out of a registry costs one GET for each piece of content", async () => {
    const { client, lines, scopes } = embedded();
    const image = await pushImage(client, "localhost:5000/demo", "1.0");
    lines.length = 0;
    scopes.clear();
    const store = memoryStore();
    await client.pull("localhost:5000/demo:1.0", store);
    expect(await store.resolve("1.0")).toMatchObject({ digest: image.digest });
    expect(lines.toSorted()).toEqual([
      "GET /v2/demo/blobs/sha256",
      "GET /v2/demo/blobs/sha256",
      "GET /v2/demo/manifests/1.0",
    ]);
    expect([...scopes]).toEqual(["repository:demo:pull"]);
  });

  it("into a registry asks for what is worth asking, and sends each piece once", async () => {
    const from = embedded();
    await pushImage(from.client, "localhost:5000/demo", "1.0");
    const store = memoryStore();
    await from.client.pull("localhost:5000/demo:1.0", store);
    const { client, lines } = embedded();
    await client.push(store, "1.0", "localhost:5000/demo:2.0");
    expect(lines.toSorted()).toEqual([
      "HEAD /v2/demo/blobs/sha256",
      "HEAD /v2/demo/manifests/2.0",
      "HEAD /v2/demo/manifests/sha256",
      "POST /v2/demo/blobs/uploads/",
      "POST /v2/demo/blobs/uploads/",
      "PUT /v2/demo/blobs/uploads/id",
      "PUT /v2/demo/blobs/uploads/id",
      "PUT /v2/demo/manifests/2.0",
    ]);
    lines.length = 0;
    await client.push(store, "1.0", "localhost:5000/demo:2.0");
    // Side by side: neither waits for the other.
    expect(lines.toSorted()).toEqual(["HEAD /v2/demo/manifests/2.0", "HEAD /v2/demo/manifests/sha256"]);
  });
});

describe("a repository", () => {
  it("is a store: it resolves, fetches, pushes, tags, lists and deletes", async () => {
    const { client } = embedded();
    const image = await pushImage(client, "localhost:5000/demo", "1.0");
    const repository = client.repository("localhost:5000/demo");
    expect(repository).toMatchObject({
      registry: "localhost:5000",
      repository: "demo",
      name: "localhost:5000/demo",
      host: "localhost:5000",
      remote: true,
    });
    expect(await repository.resolve("1.0")).toEqual(image);
    const bytes = await (await repository.fetch(image)).bytes(1e6);
    expect(digestOf(bytes)).toBe(image.digest);
    expect((await repository.fetchManifest?.("1.0"))?.bytes).toEqual(bytes);
    const parts: Uint8Array[] = [];
    await repository.fetchInto?.(image, { write: (chunk) => void parts.push(new Uint8Array(chunk)) });
    expect(parts).toEqual([bytes]);
    await repository.tag(image, "2.0");
    expect(await collect(repository.tags?.() ?? none())).toEqual(["1.0", "2.0"]);
    await repository.untag?.("1.0");
    expect(await collect(client.tags.list("localhost:5000/demo"))).toEqual(["2.0"]);
    expect(await repository.exists(image)).toBe(true);
    await repository.delete?.(image);
    expect(await repository.exists(image)).toBe(false);
  });

  it("refuses a manifest or blob of another size than its descriptor says", async () => {
    const { client } = embedded();
    const image = await pushImage(client, "localhost:5000/demo", "1.0");
    const repository = client.repository("localhost:5000/demo");
    await expect(repository.fetch({ ...image, size: image.size + 1 })).rejects.toMatchObject({
      code: "SIZE_MISMATCH",
    });
    const blob = { mediaType: MEDIA_TYPES.ociLayer, digest: digestOf(encode("x")), size: 100 };
    await expect(repository.push(blob, encode("x"))).rejects.toMatchObject({ code: "SIZE_MISMATCH" });
  });

  it("gives the referrers of a manifest, which the registry keeps itself", async () => {
    const { client, lines } = embedded();
    const image = await pushImage(client, "localhost:5000/demo", "1.0");
    const empty = { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encode({})), size: 2 };
    await client.blobs.put("localhost:5000/demo", encode({}));
    lines.length = 0;
    const artifact = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, artifactType: "text/plain" };
    const stored = await client.manifests.put(
      "localhost:5000/demo",
      encode({ ...artifact, config: empty, layers: [empty], subject: image }),
    );
    expect(stored.subject).toBe(image.digest);
    const repository = client.repository("localhost:5000/demo");
    const listed = await collect(repository.referrers?.(image) ?? none());
    expect(listed).toMatchObject([{ ...stored.descriptor, artifactType: "text/plain" }]);
    expect(lines).toEqual([
      "PUT /v2/demo/manifests/sha256",
      "GET /v2/demo/referrers/sha256",
      "GET /v2/demo/referrers/sha256",
    ]);
  });
});

describe("a client", () => {
  it("is closed with what its transport holds, and can be used again", async () => {
    const registry = createRegistry({ storage: memoryStorage() });
    let closed = 0;
    const client = new RegistryClient({
      transport: fetchTransport((input, init) => registry.fetch(new Request(input, init))),
      closeTransport: async () => {
        closed += 1;
      },
    });
    {
      await using used = client;
      await used.ping("localhost:5000");
    }
    expect(closed).toBe(1);
    expect(await client.ping("localhost:5000")).toMatchObject({ status: 200 });
  });

  it("makes any request of a registry, and none of another host", async () => {
    const { client, lines, scopes } = embedded();
    const response = await client.request("localhost:5000", "get", "/v2/_catalog?n=1");
    expect(await response.body.json(1000)).toEqual({ repositories: [] });
    expect(lines).toEqual(["GET /v2/_catalog"]);
    expect([...scopes]).toEqual(["registry:catalog:*"]);
    await expect(client.request("localhost:5000", "GET", "//evil.example/")).rejects.toMatchObject({
      code: "INVALID",
    });
    await expect(client.request("localhost:5000", "GET", "http://evil.example/")).resolves.toMatchObject({});
    expect(lines.at(-1)).toMatch(/^GET \/v2\/http/);
    expect(client.origin("docker.io")).toBe("https://registry-1.docker.io");
  });

  it("asks the transport nothing where the signal has been aborted already", async () => {
    const { client, lines } = embedded();
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(client.manifests.get("localhost:5000/demo:1.0", { signal })).rejects.toBe(reason);
    await expect(collect(client.tags.list("localhost:5000/demo", { signal }))).rejects.toBe(reason);
    await expect(client.blobs.put("localhost:5000/demo", encode("x"), { signal })).rejects.toBe(reason);
    expect(lines).toEqual([]);
  });

  it.each(["", "a/UPPER", "a//b", "localhost:5000/../x", "demo@sha256:00", "demo:tag with blank", "demo%2f"])(
    "asks the transport nothing for %j, which is no reference",
    async (ref) => {
      const { client, lines } = embedded();
      await expect(client.manifests.get(ref)).rejects.toThrow();
      await expect(client.blobs.exists(ref)).rejects.toThrow();
      expect(lines).toEqual([]);
    },
  );
});
