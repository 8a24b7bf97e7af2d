import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type ContentSource,
  copy,
  type Descriptor,
  digestOf,
  isManifestType,
  type MemoryStore,
  memoryStore,
  parseManifest,
} from "../../src/index.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/** Writes what a reference names as an OCI layout of one tag, for other programs to read. */
export async function saveLayout(
  source: ContentSource,
  ref: string,
  dir: string,
  tag: string,
): Promise<Descriptor> {
  const store = memoryStore();
  const { descriptor } = await copy(source, ref, store, tag, { referrers: true });
  await mkdir(join(dir, "blobs", "sha256"), { recursive: true });
  const seen = new Set<string>();
  const write = async (entry: Descriptor): Promise<void> => {
    if (seen.has(entry.digest)) return;
    seen.add(entry.digest);
    const bytes = await (await store.fetch(entry)).bytes(entry.size);
    await writeFile(join(dir, "blobs", "sha256", entry.digest.slice(7)), bytes);
    if (!isManifestType(entry.mediaType)) return;
    const { successors } = await import("../../src/index.ts");
    for (const child of successors(parseManifest(bytes, entry.mediaType))) await write(child);
  };
  await write(descriptor);
  await writeFile(join(dir, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const { mediaType, digest, size } = descriptor;
  const manifests = [{ mediaType, digest, size, annotations: { [REF_NAME]: tag } }];
  await writeFile(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
  return descriptor;
}

/** Reads an OCI layout that another program wrote. */
export async function loadLayout(dir: string): Promise<MemoryStore> {
  const store = memoryStore();
  const index = JSON.parse(await readFile(join(dir, "index.json"), "utf8")) as {
    manifests: readonly Descriptor[];
  };
  const contents = new Map<string, Uint8Array>();
  for (const name of await readdir(join(dir, "blobs", "sha256"))) {
    contents.set(`sha256:${name}`, await readFile(join(dir, "blobs", "sha256", name)));
  }
  const push = async (descriptor: Descriptor): Promise<void> => {
    const bytes = contents.get(descriptor.digest);
    if (bytes === undefined) return;
    const { successors } = await import("../../src/index.ts");
    if (isManifestType(descriptor.mediaType)) {
      for (const child of successors(parseManifest(bytes, descriptor.mediaType))) await push(child);
    }
    await store.push(descriptor, bytes);
  };
  for (const entry of index.manifests) {
    await push(entry);
    const tag = entry.annotations?.[REF_NAME];
    if (tag !== undefined) await store.tag(entry, tag);
  }
  return store;
}

/** Writes an image as skopeo's `dir:` keeps it, which takes every manifest format. */
export async function saveDir(source: ContentSource, descriptor: Descriptor, dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  const bytes = await (await source.fetch(descriptor)).bytes(descriptor.size);
  await writeFile(join(dir, "version"), "Directory Transport Version: 1.1\n");
  await writeFile(join(dir, "manifest.json"), bytes);
  const { successors } = await import("../../src/index.ts");
  for (const blob of successors(parseManifest(bytes, descriptor.mediaType))) {
    await writeFile(join(dir, blob.digest.slice(7)), await (await source.fetch(blob)).bytes(blob.size));
  }
}

/** Reads an image as skopeo's `dir:` keeps it. */
export async function loadDirManifest(
  dir: string,
): Promise<{ readonly bytes: Uint8Array; readonly digest: string }> {
  const bytes = await readFile(join(dir, "manifest.json"));
  return { bytes, digest: digestOf(bytes) };
}
