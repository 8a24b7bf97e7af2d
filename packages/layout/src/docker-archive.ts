import {
  type Descriptor,
  isContentError,
  isIndexType,
  LIMITS,
  parseIndex,
  parseManifest,
  verifyBytes,
} from "@reg/content";
import { type ArchiveFile, openArchiveFile } from "./archive-file.ts";
import { ArchiveSource, type BlobPlace } from "./archive-source.ts";
import { type ArchiveTarget, createArchive } from "./archive-target.ts";
import type { UnpackLimits } from "./decompress.ts";
import { dockerFormat } from "./docker-format.ts";
import { type DockerImage, readDockerImages, synthesizeManifest } from "./docker-images.ts";
import { fullDockerName, parseDockerName } from "./docker-name.ts";
import { blobName, REF_NAME } from "./layout-index.ts";
import { IMAGE_NAME } from "./layout-refs.ts";
import { blobsOf, readOciIndex } from "./oci-archive.ts";

/** How {@link openDockerArchive} opens a file. */
export interface DockerArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether `close()` waits until the bytes are on the disk itself. Default true. */
  readonly durable?: boolean | undefined;
  /** The repository of tags that come without one. */
  readonly repository?: string | undefined;
  /** The types of the manifest that is made for an archive without one. Default docker, as its content is. */
  readonly format?: "docker" | "oci" | undefined;
  /** For archives that are packed (gzip, zstd). */
  readonly limits?: UnpackLimits | undefined;
}

/**
 * Opens a tar file in the form of `docker save`: to read, or to write one that `docker load` takes. Tags are
 * `repository:tag`; there may be several, and several images.
 *
 * What is written is what Docker itself writes since version 25: an OCI layout that also has a `manifest.json` for
 * older versions. Blobs are kept as they came, so that what is read again has the digests it had. An archive of an
 * older Docker has no manifests: one is made for each image from its configuration and layers, and has a digest of its
 * own. As {@link openOciArchive}, a new archive appears under its name in `close()`.
 *
 * Codes: `NOT_FOUND`, `INVALID`, `UNSUPPORTED` (an index: pick a platform), `SIZE_EXCEEDED`, `STORAGE`.
 *
 * @example
 * ```ts
 * import { copy } from "@reg/content";
 * import { openDockerArchive, openLayout } from "@reg/layout";
 * async function load(file: string, name: string, dir: string): Promise<void> {
 *   await using archive = await openDockerArchive(file);
 *   await using layout = await openLayout(dir, { create: true });
 *   await copy(archive, name, layout, "latest");
 * }
 * ```
 */
export function openDockerArchive(
  path: string,
  options: DockerArchiveOptions & { readonly mode: "write" },
): Promise<ArchiveTarget>;
export function openDockerArchive(
  path: string,
  options?: DockerArchiveOptions & { readonly mode?: "read" },
): Promise<ArchiveSource>;
export async function openDockerArchive(
  path: string,
  options: DockerArchiveOptions & { readonly mode?: "read" | "write" } = {},
): Promise<ArchiveSource> {
  if (options.mode === "write") return createArchive(path, dockerFormat(options.repository), options);
  const archive = await openArchiveFile(path, options);
  try {
    const contents = await readContents(archive, options);
    return new ArchiveSource({ path, file: archive.file, ...contents, close: () => archive.close() });
  } catch (error) {
    await archive.close();
    throw error;
  }
}

async function readContents(
  archive: ArchiveFile,
  options: DockerArchiveOptions,
): Promise<{ blobs: ReadonlyMap<string, BlobPlace>; manifests: () => readonly Descriptor[] }> {
  const images = await readDockerImages(archive);
  const blobs = blobsOf(archive);
  const entries = await layoutEntries(archive);
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const known =
      (await layoutEntry(archive, entries, image)) ??
      (await synthesizeManifest(archive, image, blobs, options));
    // An image without a name is reached by its digest.
    if (image.tags.length === 0) manifests.push(known);
    for (const tag of image.tags) {
      const annotations = { [REF_NAME]: tag, [IMAGE_NAME]: fullDockerName(parseDockerName(tag)) };
      manifests.push({ ...known, annotations });
    }
  }
  return { blobs, manifests: () => manifests };
}

/** The entries of the layout that newer Dockers write beside `manifest.json`. */
async function layoutEntries(archive: ArchiveFile): Promise<readonly Descriptor[]> {
  try {
    return (await readOciIndex(archive)).manifests;
  } catch (error) {
    if (isContentError(error) && error.code === "NOT_FOUND") return [];
    throw error;
  }
}

/** The layout's manifest for an image, found by the names of both. */
async function layoutEntry(
  archive: ArchiveFile,
  entries: readonly Descriptor[],
  image: DockerImage,
): Promise<Descriptor | undefined> {
  const names = new Set(image.tags.map((tag) => fullDockerName(parseDockerName(tag))));
  const entry = entries.find(({ annotations }) => names.has(annotations?.[IMAGE_NAME] ?? ""));
  if (entry === undefined) return undefined;
  const { annotations: _names, ...rest } = entry;
  if (!isIndexType(rest.mediaType)) return rest;
  // Docker saves the index of an image and of its manifests those of the platforms it has.
  for (const child of parseIndex(await readBlob(archive, rest), rest.mediaType).document.manifests) {
    if (archive.find(blobName(child.digest)) === undefined) continue;
    const manifest = parseManifest(await readBlob(archive, child), child.mediaType);
    if (manifest.kind === "image" && blobName(manifest.document.config.digest) === image.config) return child;
  }
  return undefined;
}

async function readBlob(archive: ArchiveFile, descriptor: Descriptor): Promise<Uint8Array> {
  const bytes = await archive.read(blobName(descriptor.digest), LIMITS.manifestBytes);
  verifyBytes(descriptor, bytes);
  return bytes;
}
