import { randomUUID } from "node:crypto";
import { chown, type FileHandle, mkdir, open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AuthError } from "../errors.ts";

/** A configuration file's document: fields that are not ours are kept as they are. */
export type ConfigDocument = Readonly<Record<string, unknown>>;

/** A file of credentials is a few kilobytes; this is one by mistake. */
const CONFIG_LIMIT_BYTES = 1_048_576;

/**
 * Reads a JSON object; `undefined` where there is no such file.
 *
 * @throws AuthError `CONFIG`, `SIZE_EXCEEDED`; the message names the file and shows nothing of it.
 */
export async function readConfig(path: string): Promise<ConfigDocument | undefined> {
  const text = await readLimited(path);
  return text === undefined ? undefined : parseConfig(text, path);
}

/** @throws AuthError `CONFIG` for anything but a JSON object; `where` names the file or variable. */
export function parseConfig(text: string, where: string): ConfigDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's own message would quote the text.
    throw new AuthError("CONFIG", `${where} is not JSON`);
  }
  if (!isRecord(value)) throw new AuthError("CONFIG", `${where} is not a JSON object`);
  return value;
}

/**
 * Reads a file (nothing is an empty document), changes it, and replaces it; `undefined` leaves it as it is.
 *
 * @throws AuthError `CONFIG`, `SIZE_EXCEEDED`
 */
export function updateConfig(
  path: string,
  change: (document: ConfigDocument) => ConfigDocument | undefined,
): Promise<void> {
  return inTurn(path, async () => {
    const document = change((await readConfig(path)) ?? {});
    if (document !== undefined) await writeConfig(path, document);
  });
}

const turns = new Map<string, Promise<void>>();

/** Changes to a file that this process makes at the same moment follow one another; none is lost. */
export async function inTurn(path: string, change: () => Promise<void>): Promise<void> {
  const before = turns.get(path) ?? Promise.resolve();
  const done = before.catch(() => {}).then(change);
  turns.set(path, done);
  try {
    await done;
  } finally {
    if (turns.get(path) === done) turns.delete(path);
  }
}

/**
 * Replaces the file's content at once or not at all, readable by its owner alone: `owner`, or this process's user.
 *
 * @throws AuthError `CONFIG` where it cannot be written
 */
export async function replaceFile(
  path: string,
  text: string,
  owner?: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // Whoever may not give it away owns it already.
    if (owner !== undefined) await chown(temporary, owner.uid, owner.gid).catch(() => {});
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw new AuthError("CONFIG", `${path} could not be written (${codeOf(cause)})`, { cause });
  }
  const handle = await open(folder, "r").catch(() => undefined);
  // Not every file system lets a folder be synced; the rename itself is done.
  await handle?.sync().catch(() => {});
  await handle?.close();
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A symlink stays one, and under sudo the file stays its owner's. */
async function writeConfig(path: string, document: ConfigDocument): Promise<void> {
  const target = await realpath(path).catch(() => path);
  const owner = await stat(target).catch(() => undefined);
  await replaceFile(target, `${JSON.stringify(document, undefined, "\t")}\n`, owner);
}

async function readLimited(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    const code = codeOf(cause);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new AuthError("CONFIG", `${path} could not be read (${code})`, { cause });
  }
  try {
    const buffer = Buffer.allocUnsafe(64 * 1024);
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null);
      if (bytesRead === 0) break;
      size += bytesRead;
      if (size > CONFIG_LIMIT_BYTES) {
        throw new AuthError(
          "SIZE_EXCEEDED",
          `${path} is larger than ${CONFIG_LIMIT_BYTES} bytes; no file of credentials is`,
        );
      }
      chunks.push(Buffer.from(buffer.subarray(0, bytesRead)));
    }
    return Buffer.concat(chunks).toString("utf8");
  } catch (cause) {
    if (cause instanceof AuthError) throw cause;
    throw new AuthError("CONFIG", `${path} could not be read (${codeOf(cause)})`, { cause });
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string {
  return isRecord(error) && typeof error["code"] === "string" ? error["code"] : "unknown error";
}
