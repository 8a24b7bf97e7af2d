import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  read,
  readSync,
  renameSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { ContentError, isContentError } from "@reg/content";

/**
 * Replaces a file by other bytes: whoever reads it sees the old ones or the new ones, also after a crash. Code
 * `STORAGE` where the disk refuses; nothing is left behind then. With `durable: false` the disk is not waited for.
 *
 * @example
 * ```ts
 * import { writeFileAtomic } from "@reg/layout";
 * await writeFileAtomic("/tmp/settings.json", new TextEncoder().encode("{}"));
 * ```
 */
export async function writeFileAtomic(
  path: string,
  bytes: Uint8Array,
  options: { readonly durable?: boolean | undefined } = {},
): Promise<void> {
  const durable = options.durable ?? true;
  const temporary = temporaryName(path);
  let created = false;
  await onDisk(path, async () => {
    try {
      const file = await open(temporary, "wx", NEW_FILE_MODE);
      created = true;
      try {
        await file.writeFile(bytes);
        if (durable) await file.sync();
      } finally {
        await file.close();
      }
      await commitFile(temporary, path, { durable });
    } catch (cause) {
      if (created) await rm(temporary, { force: true });
      throw cause;
    }
  });
}

/**
 * Gives a file that has been synced its final name, and makes the name durable (unless `durable` is false). Code
 * `STORAGE`.
 */
export async function commitFile(
  temporary: string,
  path: string,
  options: { readonly durable?: boolean | undefined } = {},
): Promise<void> {
  await onDisk(path, async () => {
    renameSync(temporary, path);
    if (options.durable ?? true) await syncFolder(dirname(path));
  });
}

/**
 * Makes the names in a folder durable: a rename is only on the disk once its folder is. Whoever comes while the folder
 * is being synced shares the next sync with all who wait for it. Code `STORAGE`.
 */
export async function syncFolder(folder: string): Promise<void> {
  // Windows has no handle to a folder, and NTFS journals its names.
  if (process.platform === "win32") return;
  let next = waitingSyncs.get(folder);
  if (next === undefined) {
    next = syncAfter(folder, runningSyncs.get(folder));
    waitingSyncs.set(folder, next);
  }
  await next;
}

/**
 * Opens a file to read, if it is one: a symbolic link, a device or a pipe is `POLICY_REFUSED`, since a folder that
 * somebody else wrote could point anywhere with it, and reading a pipe never ends. `NOT_FOUND` where there is none.
 */
export async function openRegularFile(path: string): Promise<{ file: FileHandle; size: number }> {
  return onDisk(path, async () => {
    let file: FileHandle;
    try {
      // O_NONBLOCK: opening a pipe would wait for its writer.
      file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    } catch (cause) {
      if (isSystemError(cause, "ELOOP") || isSystemError(cause, "EMLINK")) throw notRegular(path);
      throw cause;
    }
    try {
      const stats = await file.stat();
      if (!stats.isFile()) throw notRegular(path);
      return { file, size: stats.size };
    } catch (cause) {
      await file.close();
      throw cause;
    }
  });
}

/** Reads a small file whole; `SIZE_EXCEEDED` past `limit` bytes, and as {@link openRegularFile}. */
export async function readRegularFile(path: string, limit: number): Promise<Buffer> {
  return onDisk(path, async () => {
    const fd = openRegular(path);
    try {
      const { size } = fstatSync(fd);
      if (size > limit) {
        throw new ContentError("SIZE_EXCEEDED", `${path} has ${size} bytes; the limit is ${limit}.`);
      }
      const bytes = Buffer.allocUnsafe(size);
      let length = 0;
      while (length < size) {
        // A few bytes: the system is quicker than a way to another thread and back.
        const read =
          size <= SMALL_BYTES
            ? readSync(fd, bytes, length, size - length, length)
            : (await readAsync(fd, bytes, length, size - length, length)).bytesRead;
        if (read === 0) break;
        length += read;
      }
      return bytes.subarray(0, length);
    } finally {
      closeSync(fd);
    }
  });
}

/** Files up to this size are read in one go. */
export const SMALL_BYTES: number = 64 * 1024;

const readAsync = promisify(read);

function openRegular(path: string): number {
  let fd: number;
  try {
    // O_NONBLOCK: opening a pipe would wait for its writer.
    fd = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    if (isSystemError(cause, "ELOOP") || isSystemError(cause, "EMLINK")) throw notRegular(path);
    throw cause;
  }
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw notRegular(path);
}

/**
 * Makes folders where there are none, each in one that is there or comes before it; a symbolic link or anything else in
 * the place of one is `POLICY_REFUSED`.
 */
export async function ensureFolders(
  paths: readonly string[],
  options: { readonly durable?: boolean | undefined } = {},
): Promise<void> {
  const changed = new Set<string>();
  for (const path of paths) {
    await onDisk(path, async () => {
      try {
        mkdirSync(path);
        changed.add(dirname(path));
      } catch (cause) {
        if (!isSystemError(cause, "EEXIST")) throw cause;
      }
    });
    await assertFolder(path);
  }
  if (options.durable ?? true) await Promise.all([...changed].map((folder) => syncFolder(folder)));
}

/** `POLICY_REFUSED` where the path is a symbolic link or no folder, `NOT_FOUND` where there is nothing. */
export async function assertFolder(path: string): Promise<void> {
  const stats = await onDisk(path, async () => lstatSync(path));
  if (!stats.isDirectory()) {
    throw new ContentError(
      "POLICY_REFUSED",
      `${path} is ${stats.isSymbolicLink() ? "a symbolic link" : "not a folder"}: nothing is read or written through it.`,
    );
  }
}

/** Writes all of the bytes at a position; one call may write fewer. */
export function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.byteLength) {
    written += writeSync(fd, bytes, written, bytes.byteLength - written, position + written);
  }
}

/** Runs a task, and turns what the system says into a {@link ContentError} that names the path. */
export async function onDisk<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (cause) {
    throw storageError(path, cause);
  }
}

/** The {@link ContentError} for what the system said: `NOT_FOUND` or `STORAGE`. Other errors stay what they are. */
export function storageError(path: string, cause: unknown): unknown {
  // What the system says has a call and a number; anything else is for somebody else to explain.
  if (isContentError(cause) || !(cause instanceof Error) || !("code" in cause && "syscall" in cause))
    return cause;
  const code = String(cause.code);
  if (code === "ENOENT") return new ContentError("NOT_FOUND", `There is no ${path}.`, { cause });
  const hint = HINTS.get(code);
  return new ContentError("STORAGE", `${path}: ${hint ?? cause.message}`, { cause });
}

/** Whether this is the system's error of that name. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** A name beside the path that nobody else uses. */
export function temporaryName(path: string): string {
  return `${path}.${crypto.randomUUID()}.tmp`;
}

/** As any program makes files; the umask takes away what the user does not want to give. */
export const NEW_FILE_MODE = 0o666;

const HINTS: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full."],
  ["EDQUOT", "the disk quota is used up."],
  ["EFBIG", "the file would be larger than the system allows (ulimit -f, or the file system's own limit)."],
  ["EROFS", "the file system is read-only."],
  ["EACCES", "permission denied."],
  ["EPERM", "the operation is not permitted."],
  ["EMFILE", "too many open files (ulimit -n)."],
  ["EXDEV", "the folder spans several file systems, so that files cannot be moved into place."],
  ["ENOTDIR", "a part of the path is not a folder."],
  ["EISDIR", "there is a folder in the file's place."],
]);

/** Syncs of folders that have not begun: whoever wants one joins it. */
const waitingSyncs = new Map<string, Promise<void>>();
const runningSyncs = new Map<string, Promise<void>>();

async function syncAfter(folder: string, running: Promise<void> | undefined): Promise<void> {
  // Those who waited for it are told of its failure.
  await running?.catch(() => {});
  waitingSyncs.delete(folder);
  const sync = onDisk(folder, () => syncFolderNow(folder));
  runningSyncs.set(folder, sync);
  try {
    await sync;
  } finally {
    if (runningSyncs.get(folder) === sync) runningSyncs.delete(folder);
  }
}

async function syncFolderNow(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } catch (cause) {
    // Some network and user-space file systems have no fsync for folders; there is nothing more to be done there.
    if (!isSystemError(cause, "EINVAL") && !isSystemError(cause, "ENOTSUP")) throw cause;
  } finally {
    await handle.close();
  }
}

function notRegular(path: string): ContentError {
  return new ContentError(
    "POLICY_REFUSED",
    `${path} is not a regular file; links, pipes and devices are not followed.`,
  );
}
