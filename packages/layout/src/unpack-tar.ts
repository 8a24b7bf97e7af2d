import { constants } from "node:fs";
import { link, lstat, mkdir, open, rm, symlink, utimes } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ContentError } from "@reg/content";
import { onDisk, writeAll } from "./disk.ts";
import { preparePath } from "./file-folder.ts";
import { splitPath } from "./image-path.ts";
import { type TarEntry, type TarItem, type TarLimits, tarEntries } from "./tar-entries.ts";

/** Within which limits {@link unpackTar} works. */
export interface UnpackOptions {
  readonly limits?: TarLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Unpacks a tar stream that a stranger made (packed or not) into a folder. Nothing is written outside of it, now or by
 * whoever follows its links later:
 *
 * - names with `..` and links that lead out of the folder are refused, and so is everything that passes through a
 *   symbolic link, one from the same archive too;
 * - hard links lead to files of the same archive;
 * - devices and pipes are refused; owners, setuid, setgid and sticky bits are dropped (mode & 0777);
 * - the limits end a bomb.
 *
 * Codes `POLICY_REFUSED`, `INVALID`, `SIZE_EXCEEDED`, `UNSUPPORTED`, `STORAGE`; what was unpacked before stays.
 *
 * @returns How many entries were unpacked.
 *
 * @example
 * ```ts
 * import { fileBody, unpackTar } from "@reg/layout";
 * async function unpack(file: string): Promise<number> {
 *   return unpackTar((await fileBody(file)).open(0), "/tmp/example-unpacked");
 * }
 * ```
 */
export async function unpackTar(
  source: AsyncIterable<Uint8Array>,
  dir: string,
  options: UnpackOptions = {},
): Promise<number> {
  const root = resolve(dir);
  await onDisk(root, () => mkdir(root, { recursive: true }));
  const files = new Set<string>();
  let count = 0;
  for await (const item of tarEntries(source, options.limits)) {
    options.signal?.throwIfAborted();
    const parts = splitPath(item.entry.name);
    // The folder itself: it is there, and its mode is the user's.
    if (parts.length === 0) continue;
    const path = await preparePath(root, parts);
    await onDisk(path, () => unpackItem(item, { root, parts, path, files }));
    count += 1;
  }
  return count;
}

interface Place {
  readonly root: string;
  readonly parts: readonly string[];
  readonly path: string;
  /** What this archive has written so far: the only files that hard links may lead to. */
  readonly files: Set<string>;
}

async function unpackItem(item: TarItem, place: Place): Promise<void> {
  const { entry } = item;
  const { path, files } = place;
  switch (entry.type) {
    case "directory":
      return makeFolder(entry, path);
    case "file":
      await clear(path, files);
      await writeFile(item, path);
      files.add(path);
      return;
    case "symlink":
      assertInside(entry, place.parts.length - 1);
      await clear(path, files);
      return symlink(entry.linkname, path);
    case "link": {
      const target = join(place.root, ...splitPath(entry.linkname));
      if (!files.has(target))
        throw refused(entry, `leads to ${quote(entry.linkname)}, which is no file of the archive`);
      await clear(path, files);
      await link(target, path);
      files.add(path);
      return;
    }
    default:
      throw refused(entry, `is a ${entry.type}`);
  }
}

async function makeFolder(entry: TarEntry, path: string): Promise<void> {
  const stats = await lstatOrNothing(path);
  if (stats === undefined) {
    // The user may always enter what was unpacked, whatever the archive says.
    await mkdir(path, (entry.mode & 0o777) | 0o700);
  } else if (!stats.isDirectory()) {
    throw refused(entry, "is a folder in the place of something else");
  }
}

/** Makes room for a file: what has its name is replaced, a folder is not. */
async function clear(path: string, files: Set<string>): Promise<void> {
  const stats = await lstatOrNothing(path);
  if (stats === undefined) return;
  if (stats.isDirectory())
    throw new ContentError("INVALID", `${path} is a folder, and a file in the archive.`);
  await rm(path);
  files.delete(path);
}

async function writeFile({ entry, content }: TarItem, path: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
  const file = await open(path, flags, entry.mode & 0o777);
  let position = 0;
  try {
    for await (const chunk of content()) {
      writeAll(file.fd, chunk, position);
      position += chunk.byteLength;
    }
  } finally {
    await file.close();
  }
  await utimes(path, entry.mtime, entry.mtime);
}

/**
 * A link may climb as far as its folder is deep, and only at the beginning: behind a name, `..` would start from
 * wherever another link leads.
 */
function assertInside(entry: TarEntry, depth: number): void {
  const { linkname } = entry;
  if (linkname === "" || linkname.startsWith("/") || linkname.includes("\0") || linkname.includes("\\")) {
    throw refused(entry, `leads to ${quote(linkname)}, out of the folder`);
  }
  let climbed = 0;
  let named = false;
  for (const part of linkname.split("/")) {
    if (part === "..") {
      climbed += 1;
      if (named || climbed > depth) throw refused(entry, `leads to ${quote(linkname)}, out of the folder`);
    } else if (part !== "" && part !== ".") named = true;
  }
}

async function lstatOrNothing(path: string): Promise<Awaited<ReturnType<typeof lstat>> | undefined> {
  try {
    return await lstat(path);
  } catch {
    return undefined;
  }
}

function refused(entry: TarEntry, reason: string): ContentError {
  return new ContentError("POLICY_REFUSED", `The archive's entry ${quote(entry.name)} ${reason}.`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 97)}...` : text);
}
