import { lstat, readdir, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ContentError } from "@reg/content";
import { onDisk } from "./disk.ts";
import { fileBody } from "./file-body.ts";
import { EPOCH } from "./tar-header.ts";
import { type TarOutput, writeTar } from "./tar-writer.ts";

/** How {@link packFolder} packs. */
export interface PackFolderOptions {
  /** A folder in the archive that everything is put below: `app/bin`. Default: its root. */
  readonly prefix?: string | undefined;
  /** The time of every entry. Default: 1970, so that the same files are the same bytes, whenever they were made. */
  readonly mtime?: Date | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A folder as a tar stream, for a layer or an artifact. The same files give the same bytes: names in order, no owners,
 * no times. Symbolic links are kept as links; devices, pipes and sockets are `UNSUPPORTED`. A file that changes while it
 * is read is `SIZE_MISMATCH` or `DIGEST_MISMATCH`.
 *
 * @example
 * ```ts
 * import { buildLayer, packFolder } from "@reg/layout";
 * await using layer = await buildLayer(packFolder("src", { prefix: "app" }));
 * ```
 */
export function packFolder(dir: string, options: PackFolderOptions = {}): AsyncIterable<Uint8Array> {
  const prefix = (options.prefix ?? "").split("/").filter((part) => part !== "" && part !== ".");
  return writeTar(outputs(resolve(dir), prefix, options));
}

async function* outputs(
  dir: string,
  prefix: readonly string[],
  options: PackFolderOptions,
): AsyncGenerator<TarOutput, void, undefined> {
  for (let length = 1; length <= prefix.length; length += 1) {
    yield { entry: entryOf(`${prefix.slice(0, length).join("/")}/`, "directory", 0o755, options) };
  }
  yield* folderOutputs(dir, prefix, options);
}

async function* folderOutputs(
  dir: string,
  parts: readonly string[],
  options: PackFolderOptions,
): AsyncGenerator<TarOutput, void, undefined> {
  const names = (await onDisk(dir, () => readdir(dir))).sort();
  for (const name of names) {
    options.signal?.throwIfAborted();
    const path = join(dir, name);
    const inside = [...parts, name];
    const stats = await onDisk(path, () => lstat(path));
    const mode = stats.mode & 0o777;
    if (stats.isDirectory()) {
      yield { entry: entryOf(`${inside.join("/")}/`, "directory", mode, options) };
      yield* folderOutputs(path, inside, options);
    } else if (stats.isSymbolicLink()) {
      const linkname = await onDisk(path, () => readlink(path));
      yield { entry: { ...entryOf(inside.join("/"), "symlink", 0o777, options), linkname } };
    } else if (stats.isFile()) {
      const body = await fileBody(path);
      const entry = { ...entryOf(inside.join("/"), "file", mode, options), size: body.size };
      yield { entry, content: body.open(0, options.signal) };
    } else {
      throw new ContentError("UNSUPPORTED", `${path} is a device, pipe or socket, and cannot be packed.`);
    }
  }
}

function entryOf(
  name: string,
  type: "file" | "directory" | "symlink",
  mode: number,
  options: PackFolderOptions,
): TarOutput["entry"] {
  const owner = { uid: 0, gid: 0, uname: "", gname: "", devmajor: 0, devminor: 0 };
  return { ...owner, name, type, mode, size: 0, mtime: options.mtime ?? EPOCH, linkname: "", pax: undefined };
}
