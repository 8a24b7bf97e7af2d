import { closeSync, constants, existsSync, fstatSync, openSync, rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { isSystemError, NEW_FILE_MODE, onDisk } from "./disk.ts";
import { type FileLock, tryFileLock } from "./file-lock.ts";

/** A file that is being written and has not got its final name, owned by this writer alone. */
export interface PartialFile {
  readonly path: string;
  /** Open to read and write. */
  readonly fd: number;
  readonly lock: FileLock;
  readonly lockPath: string;
}

/**
 * Takes over what an interrupted writer left of the same content, or begins a new file.
 *
 * A partial file is called STEM.OWNER.partial, and beside it STEM.OWNER.lock is locked for as long as its owner lives.
 * An owner's name is never used twice: who gets the lock of a file that is still there owns it, and there is nothing
 * to steal from the living.
 */
export async function claimPartialFile(folder: string, stem: string): Promise<PartialFile> {
  const names = (await onDisk(folder, () => readdir(folder))).filter((name) => name.startsWith(`${stem}.`));
  await removeOrphanLocks(folder, names);
  const left = await partialsBySize(folder, names);
  let claimed: PartialFile | undefined;
  for (const name of left) {
    const partial = await tryClaim(join(folder, name));
    if (partial === undefined) continue;
    if (claimed === undefined) claimed = partial;
    else discardPartialFile(partial);
  }
  return claimed ?? createPartial(join(folder, stem));
}

/** The stem for a file: its name, hidden, and what tells one content from another. */
export function partialStem(path: string, content: string): string {
  const name = basename(path);
  return Buffer.byteLength(name) > STEM_NAME_BYTES ? `.${content}` : `.${name}.${content}`;
}

/** Closes and removes a partial file, and gives up its ownership. */
export function discardPartialFile(partial: PartialFile): void {
  closeSync(partial.fd);
  rmSync(partial.path, { force: true });
  forgetPartialFile(partial);
}

/** Gives up the ownership of a partial file that has got its final name, or is gone. */
export function forgetPartialFile(partial: Pick<PartialFile, "lock" | "lockPath">): void {
  // Removed while held: whoever opened it meanwhile gets the lock of a file that no partial belongs to.
  rmSync(partial.lockPath, { force: true });
  partial.lock.release();
}

/**
 * Removes what dead writers left and nobody came back for: partial files that were last written more than a week ago,
 * temporary files older than a day (they are written in one go, so that a live one is seconds old), and locks without a
 * partial file.
 */
export async function sweepFolder(folder: string): Promise<void> {
  const now = Date.now();
  const names = await readdir(folder);
  await removeOrphanLocks(folder, names);
  for (const name of names) {
    const path = join(folder, name);
    const keepMs = name.endsWith(TEMPORARY)
      ? KEEP_TEMPORARY_MS
      : name.endsWith(PARTIAL)
        ? KEEP_PARTIAL_MS
        : Infinity;
    if (keepMs === Infinity || now - (await modifiedMs(path)) < keepMs) continue;
    if (name.endsWith(PARTIAL)) {
      const partial = await tryClaim(path);
      if (partial !== undefined) discardPartialFile(partial);
    } else {
      await rm(path, { force: true });
    }
  }
}

/** Removes the temporary files of these documents, in a folder that has other files too, where dead writers left them. */
export async function sweepDocuments(folder: string, documents: readonly string[]): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(TEMPORARY) || !documents.some((document) => name.startsWith(`${document}.`))) continue;
    const path = join(folder, name);
    if (Date.now() - (await modifiedMs(path)) >= KEEP_TEMPORARY_MS) await rm(path, { force: true });
  }
}

/** Leaves room for the owner's name in the 255 bytes a file name may have. */
const STEM_NAME_BYTES = 150;

const PARTIAL = ".partial";
const LOCK = ".lock";
const TEMPORARY = ".tmp";
const KEEP_TEMPORARY_MS = 24 * 60 * 60 * 1000;
const KEEP_PARTIAL_MS = 7 * 24 * 60 * 60 * 1000;

/** Its owner died just before it made the partial file, or just after it gave it its final name. */
async function removeOrphanLocks(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    if (!name.endsWith(LOCK) || names.includes(name.slice(0, -LOCK.length) + PARTIAL)) continue;
    const lockPath = join(folder, name);
    const lock = await tryFileLock(lockPath);
    // Not got: the owner lives, and is about to make the partial file.
    if (lock === undefined) continue;
    // Looked at again under the lock: the owner may have made it since the folder was read.
    if (existsSync(lockPath.slice(0, -LOCK.length) + PARTIAL)) lock.release();
    else forgetPartialFile({ lock, lockPath });
  }
}

/** The largest first: it is the one worth going on with. */
async function partialsBySize(folder: string, names: readonly string[]): Promise<string[]> {
  const partials = names.filter((name) => name.endsWith(PARTIAL));
  if (partials.length < 2) return partials;
  const sized = await Promise.all(
    partials.map(async (name) => {
      const size = await lstat(join(folder, name)).then(
        (stats) => stats.size,
        () => 0,
      );
      return { name, size };
    }),
  );
  return sized.sort((a, b) => b.size - a.size).map(({ name }) => name);
}

async function tryClaim(path: string): Promise<PartialFile | undefined> {
  const lockPath = lockOf(path);
  const lock = await tryFileLock(lockPath);
  if (lock === undefined) return undefined;
  try {
    const fd = openSync(path, constants.O_RDWR | NO_FOLLOW);
    if (fstatSync(fd).isFile()) return { path, lockPath, lock, fd };
    closeSync(fd);
    lock.release();
    return undefined;
  } catch (cause) {
    forgetPartialFile({ lock, lockPath });
    // Finished by its owner in the meantime; or not a file, and then it is left to whoever put it there.
    if (isSystemError(cause, "ENOENT") || isSystemError(cause, "ELOOP")) return undefined;
    throw cause;
  }
}

async function modifiedMs(path: string): Promise<number> {
  return lstat(path).then(
    (stats) => stats.mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}

async function createPartial(stem: string): Promise<PartialFile> {
  for (let attempt = 1; ; attempt += 1) {
    const path = `${stem}.${crypto.randomUUID()}${PARTIAL}`;
    const lockPath = lockOf(path);
    const lock = await tryFileLock(lockPath);
    // Between its making and its locking, somebody who sweeps may have taken it for a dead one's and removed it: a lock
    // that nobody else finds is none.
    if (lock !== undefined && existsSync(lockPath)) return openPartial(path, lockPath, lock);
    lock?.release();
    if (attempt === CREATE_ATTEMPTS)
      throw new Error(`The lock ${lockPath} was taken though its name is new.`);
  }
}

const CREATE_ATTEMPTS = 10;

async function openPartial(path: string, lockPath: string, lock: FileLock): Promise<PartialFile> {
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW;
    return await onDisk(path, async () => ({
      path,
      lockPath,
      lock,
      fd: openSync(path, flags, NEW_FILE_MODE),
    }));
  } catch (cause) {
    forgetPartialFile({ lock, lockPath });
    throw cause;
  }
}

const NO_FOLLOW: number = constants.O_NOFOLLOW ?? 0;

function lockOf(path: string): string {
  return `${path.slice(0, -PARTIAL.length)}${LOCK}`;
}
