import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findRepositories, folderOf } from "./folder-names.ts";
import { FolderRepository } from "./folder-repository.ts";
import { FolderWriter } from "./folder-writer.ts";
import type { RegistryStorage } from "./storage.ts";

/** No repository is called so: a component begins with a letter or digit. */
const UPLOADS_FOLDER = "_uploads";

/** An upload's file untouched for so long was left by a process that died: uploads expire long before. */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** How many repositories are remembered with what was read of them. */
const MAX_REMEMBERED = 10_000;

/** How {@link folderStorage} writes. */
export interface FolderStorageOptions {
  /** Whether an answer of 201 means that the bytes are on the disk itself, so that a power cut loses nothing. Default true. */
  readonly durable?: boolean | undefined;
}

/**
 * Keeps each repository as an OCI image layout in a folder of its name, `DIR/demo/hello/{oci-layout,index.json,blobs}`,
 * which other tools read: `skopeo copy oci:DIR/demo/hello:1.0 …`. Layouts that are there already are served, and what
 * other programs change meanwhile is seen. Blobs that repositories share are hard links to the same bytes.
 *
 * Content gets its name by a rename, after its digest has been checked; `index.json` is replaced under a lock that all
 * processes share. What a killed process left of an upload is removed the next day.
 *
 * @example
 * ```ts
 * import { createRegistry, folderStorage } from "@reg/server";
 * const registry = createRegistry({ storage: folderStorage("/var/lib/registry") });
 * ```
 */
export function folderStorage(dir: string, options: FolderStorageOptions = {}): RegistryStorage {
  const root = resolve(dir);
  const uploads = join(root, UPLOADS_FOLDER);
  const durable = options.durable ?? true;
  const known = new Map<string, FolderRepository>();
  let prepared: Promise<void> | undefined;

  const repository = (name: string): FolderRepository => {
    const found = known.get(name) ?? new FolderRepository(name, folderOf(root, name));
    known.delete(name);
    known.set(name, found); // the most recently used comes last
    const [oldest] = known.keys();
    if (known.size > MAX_REMEMBERED && oldest !== undefined) known.delete(oldest);
    return found;
  };

  return {
    repositories: () => findRepositories(root),
    repository,
    async writer() {
      prepared ??= prepareUploads(uploads).catch((error: unknown) => {
        prepared = undefined; // the next upload tries again
        throw error;
      });
      await prepared;
      return FolderWriter.create(join(uploads, crypto.randomUUID()), durable);
    },
    close: async () => {},
  };
}

async function prepareUploads(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const newest = Date.now() - ABANDONED_MS;
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // Two processes may clean up at once: what is gone already is as good.
    const stats = await stat(path).catch(() => undefined);
    if (stats?.isFile() && stats.mtimeMs < newest) await rm(path, { force: true });
  }
}
