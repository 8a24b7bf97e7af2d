import { constants } from "node:fs";
import { access, lstat } from "node:fs/promises";
import { dirname } from "node:path";
import { ContentError } from "@reg/content";
import { isSystemError, storageError } from "./disk.ts";

/** A lock that is held. It ends with `release`, or with the process, however that ends. */
export interface FileLock {
  release(): void;
}

/**
 * Takes the lock that goes with a path, or says at once that another holder has it (`undefined`).
 *
 * Node has no `flock`, and a lock file with a process number in it has to be judged dead by guessing, which goes wrong
 * between containers and when numbers come round. SQLite, which is part of Node, takes a real lock of the system on
 * the file (`fcntl` or `LockFileEx`): the kernel gives it back the moment its holder dies, and never earlier. Nothing
 * is stored: the file stays empty.
 */
export async function tryFileLock(path: string): Promise<FileLock | undefined> {
  await assertLockFile(path);
  const { DatabaseSync } = sqlite();
  let database: InstanceType<typeof DatabaseSync>;
  try {
    database = new DatabaseSync(path);
  } catch (cause) {
    throw await lockError(path, cause);
  }
  try {
    // No journal: there is nothing to roll back, and it would be one more file for a kill to leave behind.
    database.exec("PRAGMA busy_timeout=0; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if (isBusy(cause)) return undefined;
    throw await lockError(path, cause);
  }
  return { release: () => database.close() };
}

/**
 * Runs a task while holding the lock of a path, waiting for it as long as another process or task has it. Aborting
 * ends the wait with the signal's reason, never the task.
 *
 * @example
 * ```ts
 * import { withFileLock } from "@reg/layout";
 * await withFileLock("/tmp/example.lock", async () => console.log("alone"));
 * ```
 */
export async function withFileLock<T>(
  path: string,
  task: () => Promise<T>,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<T> {
  // Within the process a queue is fairer than polling, and costs nothing.
  const before = queues.get(path);
  let leave = (): void => {};
  const mine = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const tail = (before ?? Promise.resolve()).then(() => mine);
  queues.set(path, tail);
  try {
    await abortable(before, options.signal);
    const lock = await waitForLock(path, options.signal);
    try {
      return await task();
    } finally {
      lock.release();
    }
  } finally {
    leave();
    if (queues.get(path) === tail) queues.delete(path);
  }
}

const queues = new Map<string, Promise<void>>();

const SQLITE_BUSY = 5;
const SQLITE_BUSY_MESSAGE = "database is locked";

/** Longest pause between two tries: a wait is over within this time of the lock being free. */
const LONGEST_PAUSE_MS = 25;

async function waitForLock(path: string, signal: AbortSignal | undefined): Promise<FileLock> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    signal?.throwIfAborted();
    const lock = await tryFileLock(path);
    if (lock !== undefined) return lock;
    // Jitter, so that many waiters do not come back together.
    await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.5 + Math.random())));
  }
}

async function abortable(wait: Promise<void> | undefined, signal: AbortSignal | undefined): Promise<void> {
  if (wait === undefined || signal === undefined) return wait;
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** What somebody else put in the lock's place is not opened as a database. */
async function assertLockFile(path: string): Promise<void> {
  try {
    const stats = await lstat(path);
    if (stats.isFile() && stats.size === 0) return;
  } catch (cause) {
    if (isSystemError(cause, "ENOENT")) return;
    throw storageError(path, cause);
  }
  throw new ContentError("POLICY_REFUSED", `${path} is not a lock: an empty regular file is expected there.`);
}

/** Loaded when the first lock is taken: reading a layout needs none. */
function sqlite(): typeof import("node:sqlite") {
  // Not by `import`: bundlers strip the `node:`, and there is no module called `sqlite`.
  const module = process.getBuiltinModule("node:sqlite");
  if (module === undefined) {
    throw new ContentError("UNSUPPORTED", "Writing needs a Node with node:sqlite, for its file locks.");
  }
  return module;
}

/** SQLite knows numbers of its own; what the system says of the folder tells more. */
async function lockError(path: string, cause: unknown): Promise<unknown> {
  try {
    await access(dirname(path), constants.W_OK);
  } catch (error) {
    return isSystemError(error, "ENOENT") ? storageMissing(path, error) : storageError(path, error);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new ContentError("STORAGE", `The lock ${path} cannot be taken: ${reason}.`, { cause });
}

function storageMissing(path: string, cause: unknown): ContentError {
  return new ContentError("STORAGE", `There is no folder ${dirname(path)} to put a lock into.`, { cause });
}

function isBusy(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false;
  // Deno gives SQLite's words for it without its number.
  if (!("errcode" in cause) || typeof cause.errcode !== "number")
    return cause.message === SQLITE_BUSY_MESSAGE;
  // The lower byte is the primary code; the rest says more.
  return (cause.errcode & 0xff) === SQLITE_BUSY;
}
