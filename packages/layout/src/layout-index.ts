import { lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  ContentError,
  type Descriptor,
  digestAlgorithm,
  encodeJson,
  indexSchema,
  LIMITS,
  MEDIA_TYPES,
  parseJson,
  readAs,
} from "@reg/content";
import {
  assertFolder,
  ensureFolders,
  isSystemError,
  onDisk,
  readRegularFile,
  syncFolder,
  writeFileAtomic,
} from "./disk.ts";
import { withFileLock } from "./file-lock.ts";

/** The `index.json` of a layout (image-spec, image-layout.md). Members nobody here knows are kept as they are. */
export interface LayoutIndex {
  readonly schemaVersion: 2;
  readonly manifests: readonly Descriptor[];
  readonly [member: string]: unknown;
}

/** The annotation that names an entry of `index.json` (image-spec, annotations.md). */
export const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Makes a folder an image layout, where it is none yet. Several processes may do so at once. Codes `STORAGE`,
 * `POLICY_REFUSED` (a symbolic link in the place of one of its parts) and those of {@link readIndex}.
 */
export async function createLayout(
  dir: string,
  options: { readonly signal?: AbortSignal | undefined; readonly durable?: boolean | undefined } = {},
): Promise<void> {
  await onDisk(dir, () => mkdir(dir, { recursive: true }));
  await withFileLock(
    lockPath(dir),
    async () => {
      await ensureFolders([join(dir, "blobs"), join(dir, "blobs", "sha256")], options);
      if (await isMissing(join(dir, "index.json"))) await writeIndex(dir, EMPTY_INDEX, options);
      // Last: whoever finds it, finds a layout.
      if (await isMissing(join(dir, "oci-layout"))) {
        await writeFileAtomic(join(dir, "oci-layout"), encodeJson(LAYOUT_HEADER), options);
      }
    },
    options,
  );
}

/**
 * Removes an image layout with everything in it from a folder. What else is in the folder stays, and so does the file
 * that those who wait for its lock have open. Where there is none, nothing is done. Codes `STORAGE`, `POLICY_REFUSED`.
 *
 * @example
 * ```ts
 * import { createLayout, removeLayout } from "@reg/layout";
 * await createLayout("/tmp/example-removed");
 * await removeLayout("/tmp/example-removed");
 * ```
 */
export async function removeLayout(
  dir: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<void> {
  if (await isMissing(dir)) return;
  await withFileLock(
    lockPath(dir),
    async () => {
      // In this order: what is killed half-way is no layout any more, and names nothing that is gone.
      await onDisk(dir, () => rm(join(dir, "oci-layout"), { force: true }));
      await onDisk(dir, () => rm(join(dir, "index.json"), { force: true }));
      await syncFolder(dir);
      await onDisk(dir, () => rm(join(dir, "blobs"), { force: true, recursive: true }));
    },
    options,
  );
}

/**
 * Checks that a folder is an image layout of a version that is understood. Codes `NOT_FOUND`, `INVALID`,
 * `UNSUPPORTED`, `POLICY_REFUSED`, `STORAGE`.
 */
export async function assertLayout(dir: string): Promise<void> {
  parseLayoutHeader(await readRegularFile(join(dir, "oci-layout"), HEADER_LIMIT_BYTES), dir);
  await assertFolder(join(dir, "blobs")).catch((error: unknown) => {
    // A layout without a single blob may leave the folder out.
    if (!(error instanceof ContentError && error.code === "NOT_FOUND")) throw error;
  });
}

/**
 * Reads `index.json`. Codes `NOT_FOUND`, `SIZE_EXCEEDED` (16 MiB), `INVALID` (the message says what is wrong where),
 * `POLICY_REFUSED` (not a regular file), `STORAGE`.
 *
 * @example
 * ```ts
 * import { createLayout, readIndex } from "@reg/layout";
 * await createLayout("/tmp/example-layout");
 * console.log((await readIndex("/tmp/example-layout")).manifests.length);
 * ```
 */
export async function readIndex(dir: string): Promise<LayoutIndex> {
  const path = join(dir, "index.json");
  return parseLayoutIndex(await readRegularFile(path, LIMITS.indexJsonBytes), path);
}

/**
 * Changes the entries of `index.json`: read, changed and replaced under a lock that all processes share, so that no
 * change is lost. `change` is given the entries and returns the new ones; the same array leaves the file alone. Codes
 * as {@link readIndex}.
 *
 * @example
 * ```ts
 * import { createLayout, updateIndex } from "@reg/layout";
 * await createLayout("/tmp/example-layout");
 * await updateIndex("/tmp/example-layout", (manifests) => manifests.filter((entry) => entry.size > 0));
 * ```
 */
export async function updateIndex(
  dir: string,
  change: (manifests: readonly Descriptor[]) => readonly Descriptor[],
  options: { readonly signal?: AbortSignal | undefined; readonly durable?: boolean | undefined } = {},
): Promise<void> {
  await withFileLock(
    lockPath(dir),
    async () => {
      const index = await readIndex(dir);
      const manifests = change(index.manifests);
      if (manifests !== index.manifests) await writeIndex(dir, { ...index, manifests }, options);
    },
    options,
  );
}

/** Where a blob is, or would be. Throws `INVALID` or `UNSUPPORTED` before a bad digest becomes a path. */
export function blobPath(dir: string, digest: string): string {
  return join(dir, ...blobName(digest).split("/"));
}

/** The name of a blob in a layout or an archive: `blobs/sha256/…`. Throws as {@link blobPath}. */
export function blobName(digest: string): string {
  const algorithm = digestAlgorithm(digest);
  return `blobs/${algorithm}/${digest.slice(algorithm.length + 1)}`;
}

/** Checks the content of an `oci-layout` file; `where` is for the message. */
export function parseLayoutHeader(bytes: Uint8Array, where: string): void {
  const header = parseJson(bytes, `oci-layout of ${where}`);
  const version =
    typeof header === "object" && header !== null && "imageLayoutVersion" in header
      ? header.imageLayoutVersion
      : undefined;
  if (typeof version !== "string")
    throw new ContentError("INVALID", `${where}: oci-layout has no imageLayoutVersion.`);
  if (!version.startsWith("1.")) {
    throw new ContentError(
      "UNSUPPORTED",
      `${where} is a layout of version ${JSON.stringify(version.slice(0, 20))}; 1.x is understood.`,
    );
  }
}

/** Checks the content of an `index.json`; `where` is for the message. */
export function parseLayoutIndex(bytes: Uint8Array, where: string): LayoutIndex {
  return readAs(indexSchema, parseJson(bytes, where), where);
}

/** What an `oci-layout` file says. */
export const LAYOUT_HEADER = { imageLayoutVersion: "1.0.0" } as const;

/** An `index.json` with nothing in it. */
export const EMPTY_INDEX: LayoutIndex = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] };

/** The bytes of an `index.json`; `SIZE_EXCEEDED` where nobody could read them. */
export function formatIndex(index: LayoutIndex): Uint8Array {
  const bytes = encodeJson(index);
  if (bytes.byteLength > LIMITS.indexJsonBytes) {
    throw new ContentError(
      "SIZE_EXCEEDED",
      `index.json would have ${bytes.byteLength} bytes; the limit is ${LIMITS.indexJsonBytes}.`,
    );
  }
  return bytes;
}

/** `oci-layout` holds one short member. */
const HEADER_LIMIT_BYTES = 4096;

function lockPath(dir: string): string {
  return join(dir, ".index.lock");
}

async function writeIndex(
  dir: string,
  index: LayoutIndex,
  options: { readonly durable?: boolean | undefined } = {},
): Promise<void> {
  await writeFileAtomic(join(dir, "index.json"), formatIndex(index), options);
}

async function isMissing(path: string): Promise<boolean> {
  return onDisk(path, async () => {
    try {
      await lstat(path);
      return false;
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return true;
      throw cause;
    }
  });
}
