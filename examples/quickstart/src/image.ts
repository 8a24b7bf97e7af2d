import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { type ContentTarget, type Descriptor, digestOf, MEDIA_TYPES } from "@reg/sdk";
import { pack } from "tar-stream";

/** Puts a small image that really runs into a store, under the name `ref`. */
export async function buildImage(
  store: ContentTarget,
  ref: string,
): Promise<{ descriptor: Descriptor; program: string }> {
  const busybox = await staticBusybox();
  const files: readonly TarEntry[] =
    busybox === undefined
      ? [{ name: "etc/motd", bytes: Buffer.from("hello from reg\n"), mode: 0o644 }]
      : [
          { name: "bin/busybox", bytes: busybox, mode: 0o755 },
          { name: "etc/motd", bytes: Buffer.from("hello from reg\n"), mode: 0o644 },
        ];
  const tar = await tarOf(files);
  const layer = await put(store, MEDIA_TYPES.ociLayerGzip, gzipSync(tar, { level: 6 }));
  const config = await put(store, MEDIA_TYPES.ociConfig, {
    created: new Date(0).toISOString(),
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    config: {
      Cmd: busybox === undefined ? ["/etc/motd"] : ["/bin/busybox", "cat", "/etc/motd"],
      Labels: { "org.opencontainers.image.title": "quickstart" },
    },
    rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
  });
  const descriptor = await put(store, MEDIA_TYPES.ociManifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config,
    layers: [layer],
  });
  await store.tag(descriptor, ref);
  return { descriptor, program: busybox === undefined ? "a text file" : "the system's static busybox" };
}

async function put(
  store: ContentTarget,
  mediaType: string,
  content: Uint8Array | object,
): Promise<Descriptor> {
  const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  await store.push(descriptor, bytes);
  return descriptor;
}

interface TarEntry {
  readonly name: string;
  readonly bytes: Buffer;
  readonly mode: number;
}

async function tarOf(files: readonly TarEntry[]): Promise<Buffer> {
  const tar = pack();
  // The same files make the same digest, whenever they are packed.
  for (const { name, bytes, mode } of files) tar.entry({ name, mode, mtime: new Date(0) }, bytes);
  tar.finalize();
  return buffer(tar);
}

/** A busybox that needs nothing beside it, where the system has one. */
async function staticBusybox(): Promise<Buffer | undefined> {
  for (const path of ["/bin/busybox", "/usr/bin/busybox"]) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes !== undefined && isStaticElf(bytes)) return bytes;
  }
  return undefined;
}

/** Whether no program header of a 64-bit little-endian ELF file names an interpreter (PT_INTERP, 3). */
function isStaticElf(bytes: Buffer): boolean {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1)
    return false;
  const [table, entrySize, count] = [
    Number(bytes.readBigUInt64LE(32)),
    bytes.readUInt16LE(54),
    bytes.readUInt16LE(56),
  ];
  for (let index = 0; index < count; index++) {
    const at = table + index * entrySize;
    if (at + 4 > bytes.length || bytes.readUInt32LE(at) === 3) return false;
  }
  return true;
}
