import { expect, test } from "vitest";
import {
  type ContentWriter,
  createVerifier,
  type Descriptor,
  encodeJson,
  type FileTarget,
  MEDIA_TYPES,
  memoryStore,
  packArtifact,
  pullArtifact,
} from "../../src/index.ts";
import { pushBytes, pushImage, pushPlatforms, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

const TITLE = "org.opencontainers.image.title";

/** A folder in memory. */
function folder(): FileTarget & { readonly files: Map<string, Uint8Array> } {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    writer: async (name, descriptor): Promise<ContentWriter> => {
      const parts: Uint8Array[] = [];
      return {
        offset: 0,
        write: (chunk) => void parts.push(new Uint8Array(chunk)),
        restart: async () => void parts.splice(0),
        commit: async () => {
          const verifier = createVerifier(descriptor);
          for (const part of parts) verifier.write(part);
          verifier.end();
          files.set(name, Buffer.concat(parts));
        },
        abort: async () => {},
      };
    },
  };
}

test("writes back the files that were packed", async () => {
  const store = memoryStore();
  const files = [
    { name: "a.txt", body: randomBytes(10) },
    { name: "b/c.bin", body: randomBytes(300_000, 2) },
    { name: "same.txt", body: randomBytes(10) },
  ];
  await packArtifact(store, { artifactType: "a/b", files, ref: "v1" });
  const target = folder();
  const pulled = await pullArtifact(store, "v1", target);
  expect(pulled.files.map(({ name }) => name)).toEqual(["a.txt", "b/c.bin", "same.txt"]);
  for (const { name, body } of files) expect(target.files.get(name)).toEqual(Buffer.from(body));
  expect(pulled.bytes).toBe(300_020);
  await expect(pullArtifact(store, "v1", target, { artifactType: "c/d" })).rejects.toMatchObject({
    code: "INVALID",
  });
});

test.each(["../x", "/x", "x/../../y", "a\u0000", "\u001b[2J", "c:\\x", ".", "x/./y", "x/"])(
  "writes nothing of an artifact with a file called %j",
  async (name) => {
    const store = memoryStore();
    const good = await pushBytes(store, randomBytes(5), "text/plain");
    const manifest = await pushBytes(
      store,
      encodeJson({
        schemaVersion: 2,
        artifactType: "a/b",
        config: await pushBytes(store, encodeJson({}), MEDIA_TYPES.ociEmpty),
        layers: [
          { ...good, annotations: { [TITLE]: "good" } },
          { ...good, annotations: { [TITLE]: name } },
        ],
      }),
      MEDIA_TYPES.ociManifest,
    );
    const source = spy(store);
    const target = folder();
    await expect(pullArtifact(source.store, manifest.digest, target)).rejects.toMatchObject({
      code: "POLICY_REFUSED",
    });
    expect(target.files.size).toBe(0);
    expect(source.calls).toEqual([`resolve ${manifest.digest}`, `fetch ${manifest.digest}`]);
  },
);

test("refuses two different files of one name, and counts layers without one", async () => {
  const store = memoryStore();
  const pack = async (layers: readonly Descriptor[]): Promise<string> => {
    const config = await pushBytes(store, encodeJson({}), MEDIA_TYPES.ociEmpty);
    const document = { schemaVersion: 2, artifactType: "a/b", config, layers };
    return (await pushBytes(store, encodeJson(document), MEDIA_TYPES.ociManifest)).digest;
  };
  const one = await pushBytes(store, randomBytes(5), "text/plain");
  const two = await pushBytes(store, randomBytes(5, 2), "text/plain");
  const named = (descriptor: Descriptor): Descriptor => ({ ...descriptor, annotations: { [TITLE]: "x" } });
  await expect(pullArtifact(store, await pack([named(one), named(two)]), folder())).rejects.toMatchObject({
    code: "INVALID",
  });
  const pulled = await pullArtifact(store, await pack([one, named(two), named(two)]), folder());
  expect(pulled.untitled).toEqual([one]);
  expect(pulled.files).toHaveLength(1);
});

test("gives no name to a file of wrong bytes", async () => {
  const store = memoryStore();
  await packArtifact(store, {
    artifactType: "a/b",
    files: [{ name: "x", body: randomBytes(50) }],
    ref: "v1",
  });
  const { bytesStream } = await import("../../src/index.ts");
  const lying = spy(store, {
    fetch: async (descriptor, options) =>
      descriptor.size === 50 ? bytesStream(randomBytes(50, 3)) : store.fetch(descriptor, options),
  });
  const target = folder();
  await expect(pullArtifact(lying.store, "v1", target)).rejects.toMatchObject({ code: "DIGEST_MISMATCH" });
  expect(target.files.size).toBe(0);
});

test("picks one artifact of an index by its platform", async () => {
  const store = memoryStore();
  await pushPlatforms(store, [{ os: "linux", architecture: "amd64" }], "v1");
  await expect(pullArtifact(store, "v1", folder())).rejects.toMatchObject({ code: "INVALID" });
  const pulled = await pullArtifact(store, "v1", folder(), { platform: "linux/amd64" });
  expect(pulled.untitled).toHaveLength(1);
  await pushImage(store, { tag: "v2" });
  expect((await pullArtifact(store, "v2", folder())).files).toEqual([]);
});
