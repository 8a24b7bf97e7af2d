import { digestOf, MEDIA_TYPES } from "@reg/content";
import { describe, expect, it } from "vitest";
import { type Script, scriptedRegistry, testClient } from "./support/scripted-registry.ts";

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(encode("shared layer")), size: 1000 };

const imageFor = (architecture: string, variant?: string) => {
  const config = encode({
    os: "linux",
    architecture,
    variant,
    created: "2024-05-01T00:00:00Z",
    config: { Labels: { arch: architecture } },
    rootfs: { type: "layers", diff_ids: [] },
    history: [{ created_by: "COPY . ." }],
  });
  const own = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf(encode(architecture)), size: 10 };
  const manifest = encode({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(config), size: config.byteLength },
    layers: [layer, own],
  });
  const descriptor = {
    mediaType: MEDIA_TYPES.ociManifest,
    digest: digestOf(manifest),
    size: manifest.byteLength,
  };
  return {
    config,
    manifest,
    descriptor,
    platform: { os: "linux", architecture, ...(variant && { variant }) },
  };
};

const amd64 = imageFor("amd64");
const arm64 = imageFor("arm64");
const attestation = {
  ...imageFor("x").descriptor,
  platform: { os: "unknown", architecture: "unknown" },
};
const index = encode({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociIndex,
  manifests: [
    ...[amd64, arm64].map(({ descriptor, platform }) => ({ ...descriptor, platform })),
    attestation,
  ],
});
const script: Script = {
  "GET /v2/demo/manifests/1.0": {
    status: 200,
    headers: { "content-type": MEDIA_TYPES.ociIndex },
    body: index,
  },
  ...Object.fromEntries(
    [amd64, arm64].flatMap(({ manifest, config }) => [
      [
        `GET /v2/demo/manifests/${digestOf(manifest)}`,
        { status: 200, headers: { "content-type": MEDIA_TYPES.ociManifest }, body: manifest },
      ],
      [`GET /v2/demo/blobs/${digestOf(config)}`, { status: 200, body: config }],
    ]),
  ),
};

describe("images", () => {
  it("are inspected in three requests: index, manifest, config", async () => {
    await using registry = await scriptedRegistry(script);
    const seen = await testClient().images.inspect(`${registry.host}/demo:1.0`, { platform: "linux/arm64" });
    expect(seen).toMatchObject({
      digest: digestOf(index),
      mediaType: MEDIA_TYPES.ociIndex,
      platform: { os: "linux", architecture: "arm64" },
      created: "2024-05-01T00:00:00Z",
      labels: { arch: "arm64" },
      size: arm64.manifest.byteLength + arm64.config.byteLength + 1010,
      artifactType: undefined,
    });
    expect(seen.layers).toHaveLength(2);
    expect(seen.platforms.map(({ architecture }) => architecture)).toEqual(["amd64", "arm64"]);
    expect(seen.history).toEqual([{ created_by: "COPY . ." }]);
    expect(seen.sizes).toBeUndefined();
    expect(registry.requests).toHaveLength(3);
  });

  it("are inspected with the sizes of all platforms for one request more each, nothing read twice", async () => {
    await using registry = await scriptedRegistry(script);
    const { images } = testClient();
    const { sizes } = await images.inspect(`${registry.host}/demo:1.0`, { sizes: true });
    expect(registry.requests).toHaveLength(4);
    expect(new Set(registry.lines).size).toBe(4);
    expect(sizes).toEqual(await images.size(`${registry.host}/demo:1.0`));
    const name = `${registry.host}/demo@${amd64.descriptor.digest}`;
    const alone = await images.inspect(name);
    expect(alone.sizes).toEqual({
      bytes: alone.size,
      platforms: [{ platform: alone.platform, bytes: alone.size }],
    });
  });

  it("are linux/amd64 where nothing else is asked for", async () => {
    await using registry = await scriptedRegistry(script);
    const { images } = testClient();
    expect(await images.resolve(`${registry.host}/demo:1.0`)).toEqual(amd64.descriptor);
    const config = await images.config(`${registry.host}/demo:1.0`, { platform: "linux/aarch64" });
    expect(config.platform.architecture).toBe("arm64");
    expect(config.history).toEqual([{ created_by: "COPY . ." }]);
    expect(config.bytes).toEqual(arm64.config);
  });

  it("are offered for their platforms, attestations left out", async () => {
    await using registry = await scriptedRegistry(script);
    const platforms = await testClient().images.platforms(`${registry.host}/demo:1.0`);
    expect(platforms.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    expect(registry.requests).toHaveLength(1);
  });

  it("are not there for a platform nobody made them for, which names those there are", async () => {
    await using registry = await scriptedRegistry(script);
    await expect(
      testClient().images.resolve(`${registry.host}/demo:1.0`, { platform: "windows/amd64" }),
    ).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining("linux/amd64, linux/arm64"),
    });
  });

  it("have a size: of one platform, and of all with what they share counted once", async () => {
    await using registry = await scriptedRegistry(script);
    const { images } = testClient();
    const one = (image: typeof amd64): number => image.manifest.byteLength + image.config.byteLength + 1010;
    expect((await images.size(`${registry.host}/demo:1.0`, { platform: "linux/amd64" })).bytes).toBe(
      one(amd64),
    );
    const all = await images.size(`${registry.host}/demo:1.0`);
    expect(all.platforms.map(({ bytes }) => bytes)).toEqual([one(amd64), one(arm64)]);
    expect(all.bytes).toBe(one(amd64) + one(arm64) - 1000 + index.byteLength);
  });

  it("that are artifacts are inspected, and have no config of an image", async () => {
    const artifact = encode({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: "application/vnd.example",
      config: { mediaType: MEDIA_TYPES.ociEmpty, digest: digestOf(encode({})), size: 2 },
      layers: [layer],
    });
    await using registry = await scriptedRegistry({
      "GET /v2/demo/manifests/1.0": { status: 200, body: artifact },
    });
    const { images } = testClient();
    expect(await images.inspect(`${registry.host}/demo:1.0`)).toMatchObject({
      artifactType: "application/vnd.example",
      digest: digestOf(artifact),
      platform: undefined,
      created: undefined,
      labels: {},
      platforms: [],
    });
    expect(registry.requests).toHaveLength(1);
    await expect(images.config(`${registry.host}/demo:1.0`)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("application/vnd.example"),
    });
  });

  it("that point at themselves end the search", async () => {
    // No digest can name content that holds it; a registry that answers anything can only lie.
    await using registry = await scriptedRegistry({
      "GET /v2/demo/manifests/1.0": {
        status: 200,
        body: encode({
          schemaVersion: 2,
          manifests: [{ mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(index), size: index.byteLength }],
        }),
      },
      [`GET /v2/demo/manifests/${digestOf(index)}`]: { status: 200, body: index },
      [`GET /v2/demo/manifests/${amd64.descriptor.digest}`]: { status: 200, body: amd64.manifest },
    });
    expect(await testClient().images.resolve(`${registry.host}/demo:1.0`)).toEqual(amd64.descriptor);
  });
});
