import type { FileHandle } from "node:fs/promises";
import { ContentError } from "@reg/content";
import { extract, type Header } from "tar-stream";
import { onDisk } from "./disk.ts";

/** Where an entry of a tar file is. */
export interface TarMember {
  readonly type: "file" | "link" | "symlink";
  /** Of the content in the file. */
  readonly offset: number;
  readonly size: number;
  /** What a link points to; empty for a file. */
  readonly target: string;
}

/**
 * The entries of a tar file by name (without leading `./`), for reading them in any order. Only the headers are read
 * from the disk. Code `INVALID`: not a tar, cut short, a name that comes twice with other content, or too many.
 */
export async function readTarIndex(
  file: FileHandle,
  path: string,
  size: number,
): Promise<ReadonlyMap<string, TarMember>> {
  const members = new Map<string, TarMember>();
  let latest: Header | undefined;
  let failure: unknown;
  let ready = (): void => {};
  // No buffer of its own: each write is taken in before the next, so that `latest` belongs to the block just written.
  const parser = extract({ highWaterMark: 0 });
  parser.on("drain", () => ready());
  parser.on("close", () => ready());
  parser.on("error", (error: unknown) => {
    failure = error;
    ready();
  });
  parser.on("entry", (header, stream, next) => {
    latest = header;
    stream.resume();
    next();
  });
  const feed = async (bytes: Uint8Array): Promise<void> => {
    await new Promise<void>((resolve) => {
      ready = resolve;
      if (parser.write(bytes) || failure !== undefined) resolve();
    });
    if (failure !== undefined) {
      throw new ContentError("INVALID", `${path} is not a tar archive, or a damaged one.`, {
        cause: failure,
      });
    }
  };
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let position = 0;
  try {
    while (position < size) {
      const { bytesRead } = await onDisk(path, () => file.read(block, 0, BLOCK_BYTES, position));
      if (bytesRead < BLOCK_BYTES)
        throw new ContentError("INVALID", `${path} is cut short at byte ${position + bytesRead}.`);
      latest = undefined;
      await feed(Buffer.from(block));
      position += BLOCK_BYTES;
      // Assigned in the listener, which flow analysis does not see.
      const header = latest as Header | undefined;
      if (header === undefined) continue;
      const length = header.type === "directory" ? 0 : (header.size ?? 0);
      if (position + length > size)
        throw new ContentError("INVALID", `${path} is cut short: ${header.name} has no end.`);
      enter(members, header, position, length, path);
      // The content is not read: the parser only counts it.
      const padded = Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
      for (let left = padded; left > 0; left -= NOTHING.byteLength) {
        await feed(left < NOTHING.byteLength ? NOTHING.subarray(0, left) : NOTHING);
      }
      position += padded;
    }
  } finally {
    parser.destroy();
  }
  return members;
}

/** tar's unit: headers are one, content is padded to it. */
export const BLOCK_BYTES = 512;

const NOTHING = Buffer.alloc(1024 * 1024);

/** An archive has an entry a blob and a few more; nothing real comes near. */
const MOST_MEMBERS = 200_000;

function enter(
  members: Map<string, TarMember>,
  header: Header,
  offset: number,
  size: number,
  path: string,
): void {
  const { type } = header;
  if (type !== "file" && type !== "link" && type !== "symlink" && type !== "contiguous-file") return;
  const name = memberName(header.name);
  const member: TarMember = {
    type: type === "contiguous-file" ? "file" : type,
    offset,
    size,
    target: header.linkname ?? "",
  };
  const earlier = members.get(name);
  // Two readers could take two different ones. Blobs cannot be mistaken: their names say what they hold.
  if (earlier !== undefined && !name.startsWith("blobs/")) {
    throw new ContentError(
      "INVALID",
      `${path} has two entries called ${JSON.stringify(name.slice(0, 100))}.`,
    );
  }
  members.set(name, member);
  if (members.size > MOST_MEMBERS)
    throw new ContentError("INVALID", `${path} has more than ${MOST_MEMBERS} entries.`);
}

function memberName(name: string): string {
  let start = 0;
  while (name.startsWith("./", start)) start += 2;
  return name.slice(start);
}
