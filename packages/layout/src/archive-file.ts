import { createWriteStream } from "node:fs";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { pipeline } from "node:stream/promises";
import { ContentError } from "@reg/content";
import { decompress, detectCompression, type UnpackLimits } from "./decompress.ts";
import { onDisk } from "./disk.ts";
import { fileChunks } from "./file-chunks.ts";
import { readTarIndex, type TarMember } from "./tar-index.ts";

/** A tar file whose entries can be read in any order. */
export interface ArchiveFile {
  readonly path: string;
  readonly file: FileHandle;
  /** The entry of that name; links within the archive are followed. */
  find(name: string): TarMember | undefined;
  /** A small entry whole; `NOT_FOUND`, `SIZE_EXCEEDED`. */
  read(name: string, limitBytes: number): Promise<Buffer>;
  readonly members: ReadonlyMap<string, TarMember>;
  close(): Promise<void>;
}

/**
 * Opens a tar file. One that is packed (gzip, zstd) is unpacked to a temporary file first, since only that can be read
 * in any order. Codes `NOT_FOUND`, `INVALID`, `SIZE_EXCEEDED`, `STORAGE`.
 */
export async function openArchiveFile(
  path: string,
  options: { readonly limits?: UnpackLimits | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<ArchiveFile> {
  const { file, close } = await openUnpacked(path, options);
  try {
    const stats = await onDisk(path, () => file.stat());
    if (!stats.isFile()) throw new ContentError("INVALID", `${path} is not a file.`);
    const members = await readTarIndex(file, path, stats.size);
    const find = (name: string): TarMember | undefined => follow(members, name);
    return {
      path,
      file,
      find,
      members,
      async read(name, limitBytes) {
        const member = find(name);
        if (member === undefined) throw new ContentError("NOT_FOUND", `${path} has no ${name}.`);
        if (member.size > limitBytes) {
          throw new ContentError(
            "SIZE_EXCEEDED",
            `${name} in ${path} has ${member.size} bytes; the limit is ${limitBytes}.`,
          );
        }
        const bytes = Buffer.alloc(member.size);
        const { bytesRead } = await onDisk(path, () => file.read(bytes, 0, member.size, member.offset));
        if (bytesRead < member.size)
          throw new ContentError("INVALID", `${path} is cut short: ${name} has no end.`);
        return bytes;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Opened {
  readonly file: FileHandle;
  close(): Promise<void>;
}

async function openUnpacked(
  path: string,
  options: { readonly limits?: UnpackLimits | undefined; readonly signal?: AbortSignal | undefined },
): Promise<Opened> {
  const packed = await onDisk(path, () => open(path, "r"));
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await packed.close();
  };
  try {
    const { bytesRead, buffer } = await onDisk(path, () => packed.read(Buffer.alloc(4), 0, 4, 0));
    if (detectCompression(buffer.subarray(0, bytesRead)) === "none") return { file: packed, close };
    const { size } = await packed.stat();
    const chunks = decompress(fileChunks(packed, path, { start: 0, end: size }, options), options.limits);
    const unpacked = await toTemporaryFile(chunks);
    await close();
    return unpacked;
  } catch (error) {
    await close();
    throw error;
  }
}

async function toTemporaryFile(chunks: AsyncIterable<Uint8Array>): Promise<Opened> {
  const folder = await onDisk(tmpdir(), () => mkdtemp(join(tmpdir(), "reg-archive-")));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, "archive.tar");
  try {
    await onDisk(path, () => pipeline(chunks, createWriteStream(path)));
    const file = await onDisk(path, () => open(path, "r"));
    return {
      file,
      async close() {
        await file.close();
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Old `docker save` writes a layer that two images share once, and links to it. */
function follow(members: ReadonlyMap<string, TarMember>, name: string): TarMember | undefined {
  let current = name;
  for (let hops = 0; hops <= MOST_HOPS; hops += 1) {
    const member = members.get(current);
    if (member === undefined || member.type === "file") return member;
    const from = member.type === "symlink" ? posix.dirname(current) : ".";
    // Names are keys of the map and never paths of the disk: one that leads out of the archive finds nothing.
    current = posix.join(from, member.target);
  }
  return undefined;
}

/** As many as Linux follows. */
const MOST_HOPS = 40;
