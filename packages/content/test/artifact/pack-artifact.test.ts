import { expect, test } from "vitest";
import {
  attachArtifact,
  bytesStream,
  type ContentTarget,
  type Descriptor,
  digestOf,
  discoverReferrers,
  EMPTY_DESCRIPTOR,
  memoryStore,
  type ParsedManifest,
  packArtifact,
  parseManifest,
  verify,
} from "../../src/index.ts";
import { pushImage } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const TEXT = new TextEncoder().encode("hello\n");

async function read(store: ContentTarget, descriptor: Descriptor): Promise<ParsedManifest> {
  return parseManifest(await (await store.fetch(descriptor)).bytes(descriptor.size), descriptor.mediaType);
}

test("writes the manifest that the specification's guide to artifacts asks for", async () => {
  const store = memoryStore();
  const artifact = await packArtifact(store, {
    artifactType: "application/vnd.example",
    files: [{ name: "docs/hello.txt", body: TEXT, mediaType: "text/plain", annotations: { a: "b" } }],
    annotations: { c: "d" },
    ref: "v1",
  });
  const { document } = await read(store, artifact);
  expect(document).toEqual({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactType: "application/vnd.example",
    config: { ...EMPTY_DESCRIPTOR },
    layers: [
      {
        mediaType: "text/plain",
        digest: digestOf(TEXT),
        size: 6,
        annotations: { a: "b", "org.opencontainers.image.title": "docs/hello.txt" },
      },
    ],
    annotations: { c: "d" },
  });
  expect((await store.resolve("v1")).digest).toBe(artifact.digest);
  expect((await verify(store, "v1")).ok).toBe(true);
});

test("gives the same digest for the same files", async () => {
  const options = { artifactType: "a/b", files: [{ name: "x", body: TEXT }] };
  expect(await packArtifact(memoryStore(), options)).toEqual(await packArtifact(memoryStore(), options));
});

test("has the empty layer where there are no files, and a configuration of its own where one is given", async () => {
  const store = memoryStore();
  const empty = await read(store, await packArtifact(store, { artifactType: "a/b" }));
  expect(empty.document).toMatchObject({ config: EMPTY_DESCRIPTOR, layers: [EMPTY_DESCRIPTOR] });
  const config = { mediaType: "application/json", body: TEXT };
  const own = await packArtifact(store, { artifactType: "a/b", config, ref: "own" });
  expect((await read(store, own)).document).toMatchObject({ config: { digest: digestOf(TEXT) } });
  expect((await verify(store, "own")).ok).toBe(true);
});

test("reads a body once to name it and once to send it, or only once where its digest is known", async () => {
  let opened = 0;
  const body = {
    size: 6,
    open: () => {
      opened += 1;
      return bytesStream(TEXT);
    },
  };
  await packArtifact(memoryStore(), { artifactType: "a/b", files: [{ name: "x", body }] });
  expect(opened).toBe(2);
  await packArtifact(memoryStore(), {
    artifactType: "a/b",
    files: [{ name: "x", body, digest: digestOf(TEXT) }],
  });
  expect(opened).toBe(3);
});

test("sends no file twice", async () => {
  const store = memoryStore();
  const options = { artifactType: "a/b", files: [{ name: "x", body: TEXT }] };
  await packArtifact(store, options);
  const again = spy(store);
  await packArtifact(again.store, { ...options, annotations: { new: "1" } });
  expect(again.count("push")).toBe(1);
});

test("stores nothing of an artifact whose files could not be pulled safely", async () => {
  for (const name of ["../x", "/x", "a/../../x", "a\u0000b", "C:x", "a\\b", "", "a//b"]) {
    const store = spy(memoryStore());
    const packing = packArtifact(store.store, { artifactType: "a/b", files: [{ name, body: TEXT }] });
    await expect(packing).rejects.toMatchObject({ code: "POLICY_REFUSED" });
    expect(store.calls).toEqual([]);
  }
  const twice = { name: "x", body: TEXT };
  await expect(
    packArtifact(memoryStore(), { artifactType: "a/b", files: [twice, twice] }),
  ).rejects.toMatchObject({ code: "INVALID" });
  await expect(packArtifact(memoryStore(), { artifactType: "" })).rejects.toMatchObject({ code: "INVALID" });
});

test("attaches to what a tag names, and is found there as a tree", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1" });
  const sbom = await attachArtifact(store, "v1", {
    artifactType: "a/sbom",
    files: [{ name: "s", body: TEXT }],
  });
  const signature = await attachArtifact(store, sbom.digest, {
    artifactType: "a/sig",
    annotations: { k: "v" },
  });
  await attachArtifact(store, "v1", { artifactType: "a/other" });
  const tree = await discoverReferrers(store, "v1", { artifactType: "a/sbom" });
  expect(tree).toMatchObject({
    descriptor: { digest: image.digest },
    referrers: [
      {
        descriptor: { digest: sbom.digest, artifactType: "a/sbom" },
        referrers: [{ descriptor: { digest: signature.digest, annotations: { k: "v" } }, referrers: [] }],
      },
    ],
  });
  expect((await discoverReferrers(store, "v1")).referrers).toHaveLength(2);
  expect((await discoverReferrers(store, "v1", { depth: 1 })).referrers[0]?.referrers).toEqual([]);
});

test("ends on a listing of referrers that goes in a circle", async () => {
  const store = memoryStore();
  const image = await pushImage(store, { tag: "v1" });
  const other = await pushImage(store, { layers: [TEXT] });
  const circle = {
    ...store,
    referrers: async function* (descriptor: Descriptor) {
      yield descriptor.digest === image.digest ? other : image;
    },
  };
  expect(await discoverReferrers(circle, "v1")).toMatchObject({ referrers: [{ referrers: [] }] });
  const { referrers: _, ...without } = store;
  await expect(discoverReferrers(without, "v1")).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
