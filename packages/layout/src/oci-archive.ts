import { digestAlgorithm, LIMITS } from "@reg/content";
import { type ArchiveFile, openArchiveFile } from "./archive-file.ts";
import { ArchiveSource, type BlobPlace } from "./archive-source.ts";
import { type ArchiveFormat, type ArchiveTarget, createArchive } from "./archive-target.ts";
import type { UnpackLimits } from "./decompress.ts";
import {
  EMPTY_INDEX,
  formatIndex,
  type LayoutIndex,
  parseLayoutHeader,
  parseLayoutIndex,
} from "./layout-index.ts";
import { assertTag } from "./layout-refs.ts";

/** How {@link openOciArchive} opens a file. */
export interface OciArchiveOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether `close()` waits until the bytes are on the disk itself. Default true. */
  readonly durable?: boolean | undefined;
  /** For archives that are packed (gzip, zstd). */
  readonly limits?: UnpackLimits | undefined;
}

/**
 * Opens an OCI layout in a tar file: to read, or to write a new one.
 *
 * A new archive appears under its name in `close()`, whole; without it nothing does. It is written once, at its place
 * on the disk, by as many writers at once as there are blobs.
 *
 * Codes: `NOT_FOUND`, `INVALID` (not a layout, damaged, two entries of one name), `UNSUPPORTED`, `SIZE_EXCEEDED`,
 * `STORAGE`.
 *
 * @example
 * ```ts
 * import { copy } from "@reg/content";
 * import { openLayout, openOciArchive } from "@reg/layout";
 * async function save(dir: string, tag: string, file: string): Promise<void> {
 *   await using layout = await openLayout(dir);
 *   await using archive = await openOciArchive(file, { mode: "write" });
 *   await copy(layout, tag, archive, tag);
 *   await archive.close();
 * }
 * ```
 */
export function openOciArchive(
  path: string,
  options: OciArchiveOptions & { readonly mode: "write" },
): Promise<ArchiveTarget>;
export function openOciArchive(
  path: string,
  options?: OciArchiveOptions & { readonly mode?: "read" },
): Promise<ArchiveSource>;
export async function openOciArchive(
  path: string,
  options: OciArchiveOptions & { readonly mode?: "read" | "write" } = {},
): Promise<ArchiveSource> {
  if (options.mode === "write") return createArchive(path, ociFormat, options);
  const archive = await openArchiveFile(path, options);
  try {
    const index = await readOciIndex(archive);
    return new ArchiveSource({
      path,
      file: archive.file,
      blobs: blobsOf(archive),
      manifests: () => index.manifests,
      close: () => archive.close(),
    });
  } catch (error) {
    await archive.close();
    throw error;
  }
}

/** The index of an archive that holds a layout. */
export async function readOciIndex(archive: ArchiveFile): Promise<LayoutIndex> {
  parseLayoutHeader(await archive.read("oci-layout", HEADER_LIMIT_BYTES), archive.path);
  return parseLayoutIndex(
    await archive.read("index.json", LIMITS.indexJsonBytes),
    `index.json in ${archive.path}`,
  );
}

/** Where the blobs of a layout in an archive are, by digest. Links are not followed: a layout has none. */
export function blobsOf(archive: ArchiveFile): Map<string, BlobPlace> {
  const blobs = new Map<string, BlobPlace>();
  for (const [name, member] of archive.members) {
    if (member.type !== "file" || !name.startsWith(BLOBS)) continue;
    const digest = name.slice(BLOBS.length).replace("/", ":");
    if (isStorable(digest)) blobs.set(digest, member);
  }
  return blobs;
}

const BLOBS = "blobs/";

/** `oci-layout` holds one short member. */
const HEADER_LIMIT_BYTES = 4096;

const ociFormat: ArchiveFormat = {
  accept() {},
  referrers: true,
  name(ref) {
    assertTag(ref);
    return ref;
  },
  async finish({ manifests }) {
    return [{ name: "index.json", bytes: formatIndex({ ...EMPTY_INDEX, manifests }) }];
  },
};

function isStorable(digest: string): boolean {
  try {
    digestAlgorithm(digest);
    return true;
  } catch {
    return false;
  }
}
