import { type Descriptor, digestOf, MEDIA_TYPES, type MemoryStore, memoryStore } from "@reg/content";

/** A small artifact in memory, named `1.0`. */
export async function buildImage(text: string): Promise<MemoryStore> {
  const store = memoryStore();
  const put = async (mediaType: string, content: string): Promise<Descriptor> => {
    const bytes = new TextEncoder().encode(content);
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
    await store.push(descriptor, bytes);
    return descriptor;
  };
  const layer = await put("text/plain", text);
  const config = await put(
    MEDIA_TYPES.ociConfig,
    JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } }),
  );
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config,
    layers: [layer],
  });
  await store.tag(await put(MEDIA_TYPES.ociManifest, manifest), "1.0");
  return store;
}
