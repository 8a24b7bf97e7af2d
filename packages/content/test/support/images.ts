import {
  type ContentTarget,
  type Descriptor,
  digestOf,
  encodeJson,
  MEDIA_TYPES,
  type Platform,
} from "../../src/index.ts";

export function describe(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
}

/** Bytes that differ by seed and do not repeat. */
export function randomBytes(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = (seed * 2654435761 + 1) >>> 0;
  for (let i = 0; i < size; i += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

export async function pushBytes(
  store: ContentTarget,
  bytes: Uint8Array,
  mediaType: string,
): Promise<Descriptor> {
  const descriptor = describe(bytes, mediaType);
  await store.push(descriptor, bytes);
  return descriptor;
}

export interface ImageOptions {
  readonly platform?: Platform;
  readonly layers?: readonly Uint8Array[];
  readonly tag?: string;
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** Puts an image into a store; its descriptor is plain. */
export async function pushImage(store: ContentTarget, options: ImageOptions = {}): Promise<Descriptor> {
  const { platform = { os: "linux", architecture: "amd64" }, layers = [randomBytes(1000)], tag } = options;
  const diffIds = layers.map((layer) => digestOf(layer));
  const config = await pushBytes(
    store,
    encodeJson({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: diffIds } }),
    MEDIA_TYPES.ociConfig,
  );
  const layerDescriptors = await Promise.all(
    layers.map((layer) => pushBytes(store, layer, MEDIA_TYPES.ociLayer)),
  );
  const manifest = await pushBytes(
    store,
    encodeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config,
      layers: layerDescriptors,
      ...(options.subject === undefined ? {} : { subject: options.subject }),
      ...(options.artifactType === undefined ? {} : { artifactType: options.artifactType }),
      ...options.extra,
    }),
    MEDIA_TYPES.ociManifest,
  );
  if (tag !== undefined) await store.tag(manifest, tag);
  return manifest;
}

export async function pushIndex(
  store: ContentTarget,
  manifests: readonly Descriptor[],
  tag?: string,
  extra: Readonly<Record<string, unknown>> = {},
): Promise<Descriptor> {
  const index = await pushBytes(
    store,
    encodeJson({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests, ...extra }),
    MEDIA_TYPES.ociIndex,
  );
  if (tag !== undefined) await store.tag(index, tag);
  return index;
}

/** An index of one image for each platform, the layers differing. */
export async function pushPlatforms(
  store: ContentTarget,
  platforms: readonly Platform[],
  tag?: string,
): Promise<Descriptor> {
  const entries: Descriptor[] = [];
  for (const [i, platform] of platforms.entries()) {
    entries.push({
      ...(await pushImage(store, { platform, layers: [randomBytes(500 + i, i + 10)] })),
      platform,
    });
  }
  return pushIndex(store, entries, tag);
}
