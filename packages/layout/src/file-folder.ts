import { lstat, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  assertSafeName,
  type ContentBody,
  ContentError,
  type ContentWriter,
  type Descriptor,
  type FileTarget,
  type StoreOptions,
} from "@reg/content";
import { assertFolder, isSystemError, onDisk } from "./disk.ts";
import { describeFile, fileBody } from "./file-body.ts";
import { fileWriter } from "./file-writer.ts";

/** How {@link openFolder} opens a folder. */
export interface FolderOptions {
  /** Makes the folder where it is missing. Default false. */
  readonly create?: boolean | undefined;
  /** Whether files that are there already are replaced. Default true; else they are `POLICY_REFUSED`. */
  readonly overwrite?: boolean | undefined;
}

/** A plain folder, where the files of artifacts come from and go to. */
export interface FileFolder extends FileTarget, AsyncDisposable {
  readonly dir: string;
  /** A file as content to push. Codes `NOT_FOUND`, `POLICY_REFUSED`, `STORAGE`. */
  body(name: string): Promise<ContentBody>;
  /** The digest and size of a file. Codes as `body`. */
  describe(name: string, options?: { readonly mediaType?: string | undefined }): Promise<Descriptor>;
}

/**
 * Opens a plain folder for the files of artifacts. Names may have slashes and come from strangers: one that would lead
 * out of the folder, by `..`, by an absolute path or through a symbolic link that is there, is `POLICY_REFUSED`, and
 * nothing is written.
 *
 * @example
 * ```ts
 * import { type ContentSource, pullArtifact } from "@reg/content";
 * import { openFolder } from "@reg/layout";
 * async function pull(source: ContentSource, ref: string): Promise<void> {
 *   await using folder = await openFolder("/tmp/example-files", { create: true });
 *   const { files } = await pullArtifact(source, ref, folder);
 *   for (const { name } of files) console.log(name);
 * }
 * ```
 */
export async function openFolder(dir: string, options: FolderOptions = {}): Promise<FileFolder> {
  const root = resolve(dir);
  if (options.create === true) await onDisk(root, () => mkdir(root, { recursive: true }));
  const stats = await onDisk(root, () => lstat(root));
  if (!stats.isDirectory() && !stats.isSymbolicLink()) {
    throw new ContentError("POLICY_REFUSED", `${root} is not a folder.`);
  }
  const overwrite = options.overwrite ?? true;
  return {
    dir: root,
    async writer(
      name: string,
      descriptor: Descriptor,
      storeOptions: StoreOptions = {},
    ): Promise<ContentWriter> {
      assertSafeName(name);
      const path = await preparePath(root, name.split("/"));
      await assertReplaceable(path, overwrite);
      return fileWriter(path, descriptor, storeOptions);
    },
    async body(name) {
      return fileBody(join(root, name));
    },
    async describe(name, describeOptions) {
      return describeFile(join(root, name), describeOptions);
    },
    async [Symbol.asyncDispose]() {},
  };
}

/**
 * The path of a name below a folder, its folders made where they are missing. No part of the way is a symbolic link:
 * code `POLICY_REFUSED`.
 */
export async function preparePath(root: string, parts: readonly string[]): Promise<string> {
  let folder = root;
  for (const part of parts.slice(0, -1)) {
    folder = join(folder, part);
    await onDisk(folder, async () => {
      try {
        await mkdir(folder);
      } catch (cause) {
        if (!isSystemError(cause, "EEXIST")) throw cause;
      }
    });
    await assertFolder(folder);
  }
  return join(folder, parts.at(-1) ?? "");
}

async function assertReplaceable(path: string, overwrite: boolean): Promise<void> {
  await onDisk(path, async () => {
    try {
      const stats = await lstat(path);
      if (stats.isFile() && overwrite) return;
      const what = stats.isFile()
        ? "there already"
        : stats.isSymbolicLink()
          ? "a symbolic link"
          : "not a regular file";
      throw new ContentError("POLICY_REFUSED", `${path} is ${what}: it is not replaced.`);
    } catch (cause) {
      if (!isSystemError(cause, "ENOENT")) throw cause;
    }
  });
}
