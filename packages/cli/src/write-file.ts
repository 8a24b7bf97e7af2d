import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Where the bytes of a file go. */
export interface FileSink {
  write(chunk: Uint8Array): void;
}

/**
 * A file that is there only when all of it is: written beside its final name, synced and renamed. When `fill` rejects,
 * nothing is left.
 */
export async function writeFileWhole(
  path: string,
  fill: (sink: FileSink) => Promise<void> | void,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  const file = openSync(temporary, "wx");
  // Ctrl-C twice ends the process at once; even then no half of a file stays.
  const remove = (): void => rmSync(temporary, { force: true });
  process.once("exit", remove);
  try {
    try {
      // Synchronous writes of a socket's whole buffer are the cheapest there are, and nothing else waits here.
      await fill({ write: (chunk) => writeAll(file, chunk) });
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    remove();
    throw error;
  } finally {
    process.off("exit", remove);
  }
  syncFolder(dirname(path));
}

function writeAll(file: number, chunk: Uint8Array): void {
  for (let offset = 0; offset < chunk.length; ) offset += writeSync(file, chunk, offset);
}

/** A rename is durable only once its folder is. */
function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
