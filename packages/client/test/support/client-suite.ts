import { randomBytes } from "node:crypto";
import { type Descriptor, digestOf, MEDIA_TYPES, memoryStore } from "@reg/content";
import type { TransportEngine } from "@reg/transport";
import { undiciTransport } from "@reg/transport/undici";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isRegistryError, RegistryClient } from "../../src/index.ts";
import { collect, testClient } from "./scripted-registry.ts";

const encoder = new TextEncoder();

/** What differs between registries that are both right. */
export interface RegistryTraits {
  readonly deletesTags: boolean;
  /** Whether it keeps the list of referrers itself. */
  readonly referrersApi: boolean;
}

/** Everything a client does, with a real registry. */
export function clientSuite(
  name: string,
  start: () => Promise<AsyncDisposable & { readonly host: string }>,
  traits: RegistryTraits,
  skip = false,
): void {
  describe.skipIf(skip)(name, () => {
    let registry: AsyncDisposable & { readonly host: string };
    let client: RegistryClient;
    let image: { readonly manifest: Uint8Array; readonly layer: Uint8Array; readonly config: Uint8Array };

    beforeAll(async () => {
      registry = await start();
      client = testClient();
      image = await pushImage(client, `${registry.host}/demo/hello:1.0`);
    });

    afterAll(async () => {
      await registry[Symbol.asyncDispose]();
    });

    it("answers a ping", async () => {
      expect(await client.ping(registry.host)).toMatchObject({
        status: 200,
        origin: `http://${registry.host}`,
      });
    });

    it("gives a manifest by tag and by digest, the bytes that were pushed", async () => {
      const byTag = await client.manifests.get(`${registry.host}/demo/hello:1.0`);
      expect(byTag.bytes).toEqual(image.manifest);
      expect(byTag.kind).toBe("image");
      const digest = digestOf(image.manifest);
      expect(byTag.descriptor).toEqual({
        mediaType: MEDIA_TYPES.ociManifest,
        digest,
        size: image.manifest.byteLength,
      });
      const byDigest = await client.manifests.get(`${registry.host}/demo/hello@${digest}`);
      expect(byDigest.bytes).toEqual(image.manifest);
      expect(await client.manifests.digest(`${registry.host}/demo/hello:1.0`)).toBe(digest);
    });

    it("does not fetch a manifest again that has not changed", async () => {
      const ref = `${registry.host}/demo/hello:1.0`;
      const { etag, descriptor } = await client.manifests.get(ref);
      expect(await client.manifests.getIfChanged(ref, etag ?? descriptor.digest)).toBeUndefined();
      expect(await client.manifests.getIfChanged(ref, digestOf(encoder.encode("other")))).toMatchObject({
        descriptor,
      });
    });

    it("tells what is there from what is not", async () => {
      expect(await client.manifests.exists(`${registry.host}/demo/hello:1.0`)).toBe("yes");
      expect(await client.manifests.exists(`${registry.host}/demo/hello:none`)).toBe("no");
      expect(await client.manifests.exists(`${registry.host}/demo/none:1.0`)).toBe("no");
      const layer = digestOf(image.layer);
      expect(await client.blobs.exists(`${registry.host}/demo/hello@${layer}`)).toBe(true);
      expect(await client.blobs.exists(`${registry.host}/demo/hello@${digestOf(encoder.encode("?"))}`)).toBe(
        false,
      );
    });

    it("explains a missing manifest in the registry's words", async () => {
      const error = await client.manifests.get(`${registry.host}/demo/hello:none`).catch((e: unknown) => e);
      expect(isRegistryError(error) && error).toMatchObject({
        code: "NOT_FOUND",
        status: 404,
        registry: registry.host,
        repository: "demo/hello",
      });
      expect(String(error)).toContain("MANIFEST_UNKNOWN");
    });

    it("gives blobs whole, in parts and into a sink", async () => {
      const ref = `${registry.host}/demo/hello@${digestOf(image.layer)}`;
      const stream = await client.blobs.get(ref);
      expect(stream.size).toBe(image.layer.byteLength);
      expect(digestOf(await stream.bytes(1e9))).toBe(digestOf(image.layer));
      const part = await client.blobs.get(ref, { offset: 1000, length: 500 });
      expect(await part.bytes(1e9)).toEqual(image.layer.subarray(1000, 1500));
      const chunks: Uint8Array[] = [];
      await client.blobs.getInto(ref, { write: (chunk) => void chunks.push(new Uint8Array(chunk)) });
      expect(digestOf(Buffer.concat(chunks))).toBe(digestOf(image.layer));
      expect(await client.blobs.head(ref)).toMatchObject({ size: image.layer.byteLength });
    });

    it("gives a blob over several connections, each byte in its place", async () => {
      const ref = `${registry.host}/demo/hello@${digestOf(image.layer)}`;
      const size = image.layer.byteLength;
      const ranges = { connections: 3, partBytes: 10_000, above: 1, always: true };
      let parts = 0;
      await using engine = closing(undiciTransport());
      const counted = new RegistryClient({
        transport: (request) => {
          if (request.headers["range"] !== undefined) parts += 1;
          return engine.transport(request);
        },
        ranges,
      });
      const stream = await counted.blobs.get(ref, { size });
      expect(digestOf(await stream.bytes(1e9))).toBe(digestOf(image.layer));
      expect(parts).toBe(Math.ceil(size / 10_000));
      const target = memoryStore();
      await counted.pull(`${registry.host}/demo/hello:1.0`, target, { ranges });
      const layer = { mediaType: MEDIA_TYPES.ociLayer, digest: digestOf(image.layer), size };
      expect(await target.exists(layer)).toBe(true);
      expect(parts).toBeGreaterThanOrEqual(2 * Math.ceil(size / 10_000));
    });

    it.each(["monolithic", "single-post", "chunked", "auto"] as const)(
      "stores a blob %s",
      async (strategy) => {
        const bytes = new Uint8Array(randomBytes(3_000_000));
        const descriptor = await client.blobs.put(`${registry.host}/demo/${strategy}`, bytes, {
          strategy,
          chunkBytes: 1_000_000,
        });
        expect(descriptor.digest).toBe(digestOf(bytes));
        const back = await client.blobs.get(`${registry.host}/demo/${strategy}@${descriptor.digest}`);
        expect(digestOf(await back.bytes(1e9))).toBe(digestOf(bytes));
      },
    );

    it("stores a blob of unknown size, and one from a factory", async () => {
      const bytes = new Uint8Array(randomBytes(3_000_000));
      async function* pieces(from: number): AsyncGenerator<Uint8Array> {
        for (let at = from; at < bytes.byteLength; at += 100_000) yield bytes.subarray(at, at + 100_000);
      }
      const stored = await client.blobs.put(`${registry.host}/demo/stream`, pieces(0), {
        chunkBytes: 1_000_000,
      });
      expect(stored).toMatchObject({ digest: digestOf(bytes), size: bytes.byteLength });
      const again = await client.blobs.put(
        `${registry.host}/demo/factory`,
        { size: bytes.byteLength, open: pieces },
        { digest: stored.digest },
      );
      expect(again).toMatchObject({ digest: digestOf(bytes), size: bytes.byteLength });
      expect(await client.blobs.exists(`${registry.host}/demo/factory@${stored.digest}`)).toBe(true);
    });

    it("goes on with an upload by its journal", async () => {
      const bytes = new Uint8Array(randomBytes(2_000_000));
      const upload = await client.blobs.upload(`${registry.host}/demo/journal`);
      await upload.append(bytes.subarray(0, 1_200_000));
      const journal = JSON.parse(JSON.stringify(upload.journal()));
      const other = testClient();
      const stored = await other.blobs.put(`${registry.host}/demo/journal`, bytes, { resume: journal });
      expect(stored.digest).toBe(digestOf(bytes));
      const back = await client.blobs.get(`${registry.host}/demo/journal@${stored.digest}`);
      expect(digestOf(await back.bytes(1e9))).toBe(digestOf(bytes));
    });

    it("cancels an upload that is disposed of", async () => {
      let journal: Awaited<ReturnType<typeof client.blobs.upload>> extends { journal(): infer J } ? J : never;
      {
        await using upload = await client.blobs.upload(`${registry.host}/demo/cancel`);
        await upload.append(encoder.encode("half"));
        journal = upload.journal();
      }
      await expect(client.blobs.resumeUpload(journal)).rejects.toMatchObject({ code: "NOT_FOUND" });
    });

    it("mounts a blob of another repository", async () => {
      const digest = digestOf(image.layer);
      const to = `${registry.host}/demo/mounted@${digest}`;
      expect(await client.blobs.mount(to, `${registry.host}/demo/hello`)).toBe(true);
      expect(await client.blobs.exists(to)).toBe(true);
      const missing = digestOf(encoder.encode("missing"));
      expect(
        await client.blobs.mount(`${registry.host}/demo/mounted@${missing}`, `${registry.host}/demo/hello`),
      ).toBe(false);
    });

    it("lists tags and repositories, and gives a tag another name", async () => {
      const ref = `${registry.host}/demo/tags:1.0`;
      await pushImage(client, ref);
      await client.manifests.retag(ref, ["1.1", "v2.0.0", "latest"]);
      // This registry gives them in no order at all.
      const names = await collect(client.tags.list(ref, { order: "name" }));
      expect(names).toEqual(["1.0", "1.1", "latest", "v2.0.0"]);
      expect(
        await collect(client.tags.list(ref, { semver: ">=1.1", order: "semver", reverse: true })),
      ).toEqual(["v2.0.0", "1.1"]);
      const details = await collect(client.tags.details(ref, { created: true, order: "name" }));
      expect(details.map(({ tag, created }) => [tag, created])).toEqual(
        ["1.0", "1.1", "latest", "v2.0.0"].map((tag) => [tag, "2024-05-01T00:00:00Z"]),
      );
      const { size } = await client.images.inspect(ref);
      const sized = await collect(client.tags.details(ref, { sizes: true, order: "name", limit: 1 }));
      expect(sized).toEqual([{ tag: "1.0", descriptor: details[0]?.descriptor, bytes: size }]);
      const repositories = await collect(client.catalog.list(registry.host, { pageSize: 2 }));
      expect(repositories).toContain("demo/hello");
      expect(repositories).toContain("demo/tags");
      expect(await collect(client.catalog.search(registry.host, "TAGS"))).toEqual(["demo/tags"]);
    });

    it("deletes a tag by a manifest made for it, and a manifest by its digest", async () => {
      const ref = `${registry.host}/demo/delete`;
      await pushImage(client, `${ref}:1.0`);
      await client.manifests.retag(`${ref}:1.0`, ["2.0"]);
      if (!traits.deletesTags) {
        await expect(client.tags.delete(`${ref}:1.0`)).rejects.toMatchObject({ code: "UNSUPPORTED" });
      }
      await client.tags.delete(`${ref}:1.0`, { emulate: true });
      expect(await client.manifests.exists(`${ref}:1.0`)).toBe("no");
      const digest = await client.manifests.digest(`${ref}:2.0`);
      await client.manifests.delete(`${ref}@${digest}`);
      expect(await client.manifests.exists(`${ref}@${digest}`)).toBe("no");
    });

    it("keeps referrers, on the fallback tag where the registry has no list", async () => {
      const ref = `${registry.host}/demo/signed`;
      await pushImage(client, `${ref}:1.0`);
      const subject = await client.manifests.head(`${ref}:1.0`);
      const empty = await client.blobs.put(ref, encoder.encode("{}"));
      const artifact = encoder.encode(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          artifactType: "application/vnd.example.signature",
          config: { mediaType: MEDIA_TYPES.ociEmpty, digest: empty.digest, size: 2 },
          layers: [{ mediaType: MEDIA_TYPES.ociEmpty, digest: empty.digest, size: 2 }],
          subject: subject.descriptor,
          annotations: { "dev.example": "yes" },
        }),
      );
      const { descriptor } = await client.manifests.put(ref, artifact);
      const tag = subject.descriptor.digest.replace(":", "-");
      expect(await client.manifests.exists(`${ref}:${tag}`)).toBe(traits.referrersApi ? "no" : "yes");
      const listed = await collect(client.referrers.list(`${ref}:1.0`));
      expect(listed).toEqual([
        {
          ...descriptor,
          artifactType: "application/vnd.example.signature",
          annotations: { "dev.example": "yes" },
        },
      ]);
      expect(await collect(client.referrers.list(`${ref}:1.0`, { artifactType: "other" }))).toEqual([]);
      await client.manifests.delete(`${ref}@${descriptor.digest}`);
      expect(await collect(client.referrers.list(`${ref}:1.0`))).toEqual([]);
    });

    it("empties a repository of every manifest that a tag leads to, and can be asked to again", async () => {
      const ref = `${registry.host}/demo/emptied`;
      await pushImage(client, `${ref}:1.0`);
      await client.manifests.retag(`${ref}:1.0`, ["2.0"]);
      const { descriptor: image } = await client.manifests.head(`${ref}:1.0`);
      const empty = await client.blobs.put(ref, encoder.encode("{}"));
      const put = async (document: object, tag = ""): Promise<Descriptor> => {
        const bytes = encoder.encode(JSON.stringify({ schemaVersion: 2, ...document }));
        return (await client.manifests.put(`${ref}${tag}`, bytes)).descriptor;
      };
      const signature = {
        mediaType: MEDIA_TYPES.ociManifest,
        artifactType: "application/vnd.example.signature",
        config: { mediaType: MEDIA_TYPES.ociEmpty, digest: empty.digest, size: 2 },
        layers: [{ mediaType: MEDIA_TYPES.ociEmpty, digest: empty.digest, size: 2 }],
      };
      const untagged = await put({ ...signature, annotations: { "dev.example": "untagged" } });
      const index = await put({ mediaType: MEDIA_TYPES.ociIndex, manifests: [untagged] }, ":all");
      const referrer = await put({ ...signature, subject: untagged });

      const dry = await client.catalog.delete(ref, { by: "emptying", dryRun: true });
      const found = [image, untagged, index, referrer].map(({ digest }) => digest);
      expect(dry).toMatchObject({ way: "emptying", dryRun: true });
      expect(dry.manifests).toEqual(expect.arrayContaining(found));
      const fallback = traits.referrersApi ? [] : [untagged.digest.replace(":", "-")];
      expect([...(dry.tags ?? [])].sort()).toEqual(["1.0", "2.0", "all", ...fallback]);
      expect(await client.manifests.exists(`${ref}:1.0`)).toBe("yes");

      const deleted = await client.catalog.delete(ref, { by: "emptying" });
      expect(new Set(deleted.manifests)).toEqual(new Set(dry.manifests));
      expect(deleted).toMatchObject({
        dryRun: false,
        tags: dry.tags,
        remaining: { manifests: [], tags: [] },
      });
      for (const digest of dry.manifests ?? []) {
        expect(await client.manifests.exists(`${ref}@${digest}`)).toBe("no");
      }
      const again = await client.catalog.delete(ref, { by: "emptying" });
      expect(again).toMatchObject({ manifests: [], tags: [] });
    });

    it("inspects an image", async () => {
      expect(await client.images.inspect(`${registry.host}/demo/hello:1.0`)).toMatchObject({
        reference: `${registry.host}/demo/hello:1.0`,
        digest: digestOf(image.manifest),
        platform: { os: "linux", architecture: "amd64" },
        created: "2024-05-01T00:00:00Z",
        labels: { "dev.example": "1" },
        size: image.manifest.byteLength + image.config.byteLength + image.layer.byteLength,
      });
    });

    it("copies from repository to repository by mounting, to memory, and back", async () => {
      const ref = `${registry.host}/demo/hello:1.0`;
      const within = await client.copy(ref, `${registry.host}/demo/copied`);
      expect(within).toMatchObject({ mounted: 2, descriptor: { digest: digestOf(image.manifest) } });
      expect(await client.manifests.exists(`${registry.host}/demo/copied:1.0`)).toBe("yes");
      const memory = memoryStore();
      await client.pull(ref, memory);
      expect((await memory.resolve("1.0")).digest).toBe(digestOf(image.manifest));
      await client.push(memory, "1.0", `${registry.host}/demo/back:2.0`);
      expect(await client.manifests.digest(`${registry.host}/demo/back:2.0`)).toBe(digestOf(image.manifest));
    });
  });
}

function closing(transport: TransportEngine): AsyncDisposable & { readonly transport: TransportEngine } {
  return { transport, [Symbol.asyncDispose]: () => transport.close() };
}

async function pushImage(
  client: RegistryClient,
  ref: string,
): Promise<{ readonly manifest: Uint8Array; readonly layer: Uint8Array; readonly config: Uint8Array }> {
  const layer = new Uint8Array(randomBytes(100_000));
  const config = encoder.encode(
    JSON.stringify({
      created: "2024-05-01T00:00:00Z",
      os: "linux",
      architecture: "amd64",
      config: { Labels: { "dev.example": "1" } },
      rootfs: { type: "layers", diff_ids: [digestOf(layer)] },
    }),
  );
  const [repository = ref] = ref.split(/:(?=[^/:]*$)/);
  const blob = async (bytes: Uint8Array, mediaType: string): Promise<Descriptor> =>
    client.blobs.put(repository, bytes, { mediaType });
  const document = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: await blob(config, MEDIA_TYPES.ociConfig),
    layers: [await blob(layer, MEDIA_TYPES.ociLayer)],
  };
  const manifest = encoder.encode(JSON.stringify(document));
  await client.manifests.put(ref, manifest);
  return { manifest, layer, config };
}
