import { link, lstat, mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Descriptor } from "@reg/content";
import { blobPath, createLayout, readIndex, removeLayout, syncFolder, updateIndex } from "@reg/layout";
import type { Digest } from "@reg/reference";
import { readFileRange } from "./file-range.ts";
import type { ByteRange, RepositoryStorage } from "./storage.ts";

/** Why a file system has no hard link to give; the blob is uploaded then. */
const NO_LINK: ReadonlySet<unknown> = new Set([
  "EXDEV",
  "EPERM",
  "EMLINK",
  "ENOTSUP",
  "EOPNOTSUPP",
  "ENOSYS",
  "ENOENT",
]);

const NOTHING: readonly Descriptor[] = [];

type IndexChange = (entries: readonly Descriptor[]) => readonly Descriptor[];

/** One repository: an OCI image layout. Other programs may read and write it at the same time. */
export class FolderRepository implements RepositoryStorage {
  readonly name: string;
  readonly #folder: string;
  #made = false;
  #changes: IndexChange[] = [];
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;
  #index: { readonly version: string; readonly entries: readonly Descriptor[] } | undefined;

  constructor(name: string, folder: string) {
    this.name = name;
    this.#folder = folder;
  }

  async exists(): Promise<boolean> {
    return (await fileAt(join(this.#folder, "oci-layout"))) !== undefined;
  }

  /** Only a regular file is content: a link or a pipe in its place counts as nothing there. */
  async stat(digest: Digest): Promise<number | undefined> {
    return (await fileAt(blobPath(this.#folder, digest)))?.size;
  }

  read(digest: Digest, range?: ByteRange): AsyncIterable<Uint8Array> {
    return readFileRange(blobPath(this.#folder, digest), range);
  }

  async remove(digest: Digest): Promise<boolean> {
    const path = blobPath(this.#folder, digest);
    if ((await fileAt(path)) === undefined) return false;
    await rm(path, { force: true });
    await syncFolder(dirname(path));
    return true;
  }

  /** A hard link: each layout stays whole by itself, and the bytes are on the disk once. */
  async mount(digest: Digest, from: RepositoryStorage): Promise<boolean> {
    if (!(from instanceof FolderRepository)) return false;
    const source = blobPath(from.#folder, digest);
    if ((await fileAt(source)) === undefined) return false;
    const target = await this.place(digest);
    await mkdir(dirname(target), { recursive: true });
    try {
      await link(source, target);
    } catch (error) {
      const code = codeOf(error);
      if (code === "EEXIST") return true;
      if (NO_LINK.has(code)) return false;
      throw error;
    }
    await syncFolder(dirname(target));
    return true;
  }

  async index(): Promise<readonly Descriptor[]> {
    const version = await versionOf(join(this.#folder, "index.json"));
    if (version === undefined) return NOTHING;
    // The version is taken before the index is read: a change in between is seen next time.
    if (this.#index?.version !== version) {
      this.#index = { version, entries: (await readIndex(this.#folder)).manifests };
    }
    return this.#index.entries;
  }

  /** What comes while the file is being replaced is written together, by the next replacement. */
  updateIndex(change: IndexChange): Promise<void> {
    this.#changes.push(change);
    this.#next ??= this.#running.then(() => {
      const changes = this.#changes;
      this.#changes = [];
      this.#next = undefined;
      const written = this.#write(changes);
      this.#running = written.catch(() => {}); // the callers hear of a failure
      return written;
    });
    return this.#next;
  }

  /** The folder stays: other repositories may be in it. */
  async clear(): Promise<void> {
    const cleared = this.#running.then(() => removeLayout(this.#folder));
    this.#running = cleared.catch(() => {}); // the caller hears of a failure
    await cleared;
    this.#made = false;
    this.#index = undefined;
  }

  /** Where a blob belongs, in a layout that is there by then. */
  async place(digest: Digest): Promise<string> {
    await this.#make();
    return blobPath(this.#folder, digest);
  }

  async #write(changes: readonly IndexChange[]): Promise<void> {
    await this.#make();
    await updateIndex(this.#folder, (entries) =>
      changes.reduce((current, change) => change(current), entries),
    );
  }

  async #make(): Promise<void> {
    if (this.#made && (await this.exists())) return;
    await createLayout(this.#folder);
    this.#made = true;
  }
}

async function fileAt(path: string): Promise<{ readonly size: number } | undefined> {
  try {
    const stats = await lstat(path);
    return stats.isFile() ? { size: stats.size } : undefined;
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/** Changes with every replacement of the file: a new file has another number, or at least another time. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino}:${mtimeNs}:${size}`;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
