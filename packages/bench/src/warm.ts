import { execFile } from "node:child_process";
import { freemem } from "node:os";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Makes the next turn as every other: what it reads is in the page cache, nothing of an earlier one waits to be written,
 * and so many bytes of memory are at hand as it will write. A virtual machine's host takes pages back that are free, and
 * the next touch costs ten times as much.
 */
export async function warm(folder: string, reads: readonly string[] = [], writesBytes = 0): Promise<void> {
  for (const path of reads)
    await run("bash", ["-c", 'find "$1" -type f -exec cat {} + > /dev/null', "bash", path]);
  await run("sync", ["-f", folder]);
  // Never so much that the system would have to look for it.
  const bytes = Math.min(writesBytes, Math.floor(freemem() / 4));
  const touch = "Buffer.allocUnsafeSlow(Number(process.argv[1])).fill(1)";
  if (bytes > 0) await run(process.execPath, ["-e", touch, String(bytes)]);
}
