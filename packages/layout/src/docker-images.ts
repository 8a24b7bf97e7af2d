import {
  ContentError,
  createHasher,
  type Descriptor,
  digestOf,
  encodeJson,
  LIMITS,
  MEDIA_TYPES,
  parseImageConfig,
  parseJson,
} from "@reg/content";
import type { ArchiveFile } from "./archive-file.ts";
import type { BlobPlace } from "./archive-source.ts";
import { type Compression, detectCompression } from "./decompress.ts";
import { fileChunks } from "./file-chunks.ts";
import type { TarMember } from "./tar-index.ts";

/** One image of `manifest.json`, the list that `docker load` goes by. */
export interface DockerImage {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** Reads `manifest.json`: `NOT_FOUND`, `INVALID` with the place, `SIZE_EXCEEDED`. */
export async function readDockerImages(archive: ArchiveFile): Promise<readonly DockerImage[]> {
  const where = `manifest.json in ${archive.path}`;
  const list = parseJson(await archive.read("manifest.json", LIMITS.indexJsonBytes), where);
  if (!Array.isArray(list)) throw new ContentError("INVALID", `${where} is not a list.`);
  return list.map((item: unknown, i) => {
    // Anything that is not an object has none of the members looked for.
    const image = Object(item) as Record<string, unknown>;
    const config = image["Config"];
    if (typeof config !== "string") throw new ContentError("INVALID", `${where}: image ${i} has no Config.`);
    return {
      config,
      tags: texts(image["RepoTags"], `${where}: RepoTags`),
      layers: texts(image["Layers"], `${where}: Layers`),
    };
  });
}

/**
 * Makes a manifest for an image of an archive that has none, and enters its content among the blobs. A layer that is
 * not packed has the digest the configuration says; it is verified when it is read. One that is packed is hashed here.
 */
export async function synthesizeManifest(
  archive: ArchiveFile,
  image: DockerImage,
  blobs: Map<string, BlobPlace>,
  options: { readonly format?: "docker" | "oci" | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Descriptor> {
  const types = options.format === "oci" ? OCI_TYPES : DOCKER_TYPES;
  const configBytes = await archive.read(image.config, LIMITS.configBytes);
  const config: Descriptor = {
    mediaType: types.config,
    digest: digestOf(configBytes),
    size: configBytes.byteLength,
  };
  blobs.set(config.digest, configBytes);
  const { diff_ids: diffIds } = parseImageConfig(configBytes).rootfs;
  if (diffIds.length !== image.layers.length) {
    throw new ContentError(
      "INVALID",
      `${archive.path}: ${image.config} names ${diffIds.length} layers, manifest.json ${image.layers.length}.`,
    );
  }
  const layers: Descriptor[] = [];
  for (const [i, name] of image.layers.entries()) {
    const member = archive.find(name);
    const diffId = diffIds[i];
    if (member === undefined || diffId === undefined) {
      throw new ContentError(
        "INVALID",
        `${archive.path} has no layer ${JSON.stringify(name.slice(0, 100))}.`,
      );
    }
    const compression = await compressionOf(archive, member);
    const digest = compression === "none" ? diffId : await hashMember(archive, member, options.signal);
    blobs.set(digest, { offset: member.offset, size: member.size });
    layers.push({ mediaType: types[compression], digest, size: member.size });
  }
  const bytes = encodeJson({ schemaVersion: 2, mediaType: types.manifest, config, layers });
  const descriptor: Descriptor = {
    mediaType: types.manifest,
    digest: digestOf(bytes),
    size: bytes.byteLength,
  };
  blobs.set(descriptor.digest, bytes);
  return descriptor;
}

type Types = Readonly<Record<Compression | "manifest" | "config", string>>;

const DOCKER_TYPES: Types = {
  manifest: MEDIA_TYPES.dockerManifest,
  config: MEDIA_TYPES.dockerConfig,
  none: MEDIA_TYPES.dockerLayer,
  gzip: MEDIA_TYPES.dockerLayerGzip,
  zstd: MEDIA_TYPES.dockerLayerZstd,
};

const OCI_TYPES: Types = {
  manifest: MEDIA_TYPES.ociManifest,
  config: MEDIA_TYPES.ociConfig,
  none: MEDIA_TYPES.ociLayer,
  gzip: MEDIA_TYPES.ociLayerGzip,
  zstd: MEDIA_TYPES.ociLayerZstd,
};

function texts(value: unknown, where: string): readonly string[] {
  // Go writes an empty list as null.
  const list = value ?? [];
  if (!Array.isArray(list) || !list.every((item) => typeof item === "string")) {
    throw new ContentError("INVALID", `${where} is not a list of texts.`);
  }
  return list;
}

async function compressionOf(archive: ArchiveFile, member: TarMember): Promise<Compression> {
  const head = Buffer.alloc(Math.min(4, member.size));
  const { bytesRead } = await archive.file.read(head, 0, head.byteLength, member.offset);
  return detectCompression(head.subarray(0, bytesRead));
}

async function hashMember(
  archive: ArchiveFile,
  member: TarMember,
  signal: AbortSignal | undefined,
): Promise<Descriptor["digest"]> {
  const hasher = createHasher();
  const range = { start: member.offset, end: member.offset + member.size };
  for await (const chunk of fileChunks(archive.file, archive.path, range, { signal })) hasher.update(chunk);
  return hasher.digest();
}
