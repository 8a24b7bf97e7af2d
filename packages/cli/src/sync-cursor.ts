import { existsSync, rmSync } from "node:fs";
import type { SyncCursor } from "@reg/sdk";
import { readJson } from "./read-json.ts";
import { CommandError } from "./usage-error.ts";
import { writeFileWhole } from "./write-file.ts";

/** A step is named in some 200 bytes: this is enough for a hundred thousand. */
const CURSOR_LIMIT_BYTES = 32 * 1024 * 1024;

/** A step that is done again does no harm, so that a run which is killed may lose the last second's. */
const KEEP_INTERVAL_MS = 1000;

/** How far a run of `reg sync` came, in a file. */
export interface CursorFile {
  /** Of a run that was stopped before its end. */
  readonly cursor: SyncCursor | undefined;
  keep(cursor: SyncCursor): Promise<void>;
  /** Writes what is kept, when the run is stopped. */
  flush(): Promise<void>;
  /**
   * After a run that came to its end, whatever failed in it: the next one looks at every tag again, as those that were
   * copied may have moved.
   */
  remove(): Promise<void>;
}

/** Reads the file of `--cursor`, where there is one. */
export async function openCursor(
  path: string | undefined,
  signal: AbortSignal,
): Promise<CursorFile | undefined> {
  if (path === undefined) return undefined;
  const cursor = existsSync(path) ? await readCursor(path, signal) : undefined;
  let latest: SyncCursor | undefined;
  let writtenAt = Number.NEGATIVE_INFINITY;
  let writing = Promise.resolve();
  const flush = (): Promise<void> => {
    writtenAt = performance.now();
    writing = writing.then(() =>
      latest === undefined
        ? undefined
        : writeFileWhole(path, (sink) => sink.write(Buffer.from(`${JSON.stringify(latest)}\n`))),
    );
    return writing;
  };
  return {
    cursor,
    keep: async (now) => {
      latest = now;
      if (performance.now() - writtenAt >= KEEP_INTERVAL_MS) await flush();
    },
    flush,
    remove: async () => {
      await writing;
      rmSync(path, { force: true });
    },
  };
}

async function readCursor(path: string, signal: AbortSignal): Promise<SyncCursor> {
  const value = await readJson(path, CURSOR_LIMIT_BYTES, signal);
  if (typeof value === "object" && value !== null && "version" in value && "done" in value) {
    const { version, done } = value;
    if (version === 1 && Array.isArray(done) && done.every((id) => typeof id === "string")) {
      return { version, done };
    }
  }
  throw new CommandError("CONFIG", `${path} is no cursor of \`reg sync\``, {
    hint: "give --cursor a file that is not there yet",
  });
}
