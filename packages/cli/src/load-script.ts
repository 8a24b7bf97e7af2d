import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Script } from "node:vm";

/** What stands before the code, padded: for which script it was made. A power of two, so that V8 need not copy. */
const HEADER_BYTES = 256;
/** Then the code is made anew, with all that was compiled in the run: other options use other functions. */
const KEPT_MILLISECONDS = 24 * 60 * 60 * 1000;

/** A script's value, and what keeps the code that V8 compiled for it. */
export interface LoadedScript {
  readonly value: unknown;
  /** Whether code from an earlier run was used. */
  readonly compiled: boolean;
  /** Writes the code of every function that ran, if that is not kept already. Never throws. */
  keepCode(): void;
}

/**
 * Runs a script with the code that V8 kept from an earlier run. Node's own compile cache holds what is compiled when a
 * file is loaded, which is next to nothing: functions are compiled when they are first called, every time again. Code
 * kept at the end of a run holds them too.
 *
 * @param folder - where code is kept; undefined: nowhere
 * @param name - one file for each
 */
export function loadScript(file: string, folder: string | undefined, name: string): LoadedScript {
  const { text, identity } = readScript(file);
  const path = folder === undefined ? undefined : join(folder, `${name}.code`);
  const kept = path === undefined ? undefined : readCode(path, identity);
  const script = new Script(text, { filename: file, cachedData: kept?.code });
  const compiled = kept !== undefined && script.cachedDataRejected === false;
  // Refused though whole, it was made under other flags of V8: whoever sets those is not made to write each time.
  const fresh = kept !== undefined && Date.now() - kept.writtenAt < KEPT_MILLISECONDS;
  return {
    value: script.runInThisContext(),
    compiled,
    keepCode: () => {
      if (folder === undefined || path === undefined || fresh) return;
      writeCode(folder, path, identity, script.createCachedData());
    },
  };
}

/**
 * Where code is kept: with the user's other caches, or where Node is told to keep its own. Not in a folder for temporary
 * files, which others write to: code is trusted as the program itself is.
 */
export function codeFolder(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment["NODE_DISABLE_COMPILE_CACHE"]) return undefined;
  // Others keep code in other ways, or not at all.
  if ("Deno" in globalThis || "Bun" in globalThis) return undefined;
  const { NODE_COMPILE_CACHE: own, XDG_CACHE_HOME: shared, LOCALAPPDATA: local, HOME: home } = environment;
  if (own) return join(own, "reg");
  return join(shared || local || join(home || homedir(), ".cache"), "reg", "code");
}

function readScript(file: string): { readonly text: string; readonly identity: string } {
  const descriptor = openSync(file, "r");
  try {
    // V8 looks at a script's length alone: another of the same length must not get its code.
    const { size, mtimeMs, ctimeMs, ino } = fstatSync(descriptor);
    const identity = `reg ${size} ${mtimeMs} ${ctimeMs} ${ino} ${process.version} ${process.arch}`;
    // The build writes ASCII.
    return { text: readFileSync(descriptor, "latin1"), identity };
  } finally {
    closeSync(descriptor);
  }
}

function readCode(
  path: string,
  identity: string,
): { readonly code: Buffer; readonly writtenAt: number } | undefined {
  try {
    const descriptor = openSync(path, "r");
    try {
      const { uid, mode, mtimeMs } = fstatSync(descriptor);
      const user = process.getuid?.();
      // Whoever can write to it could have us run anything.
      if (user !== undefined && (uid !== user || (mode & 0o022) !== 0)) return undefined;
      const bytes = readFileSync(descriptor);
      const code = bytes.subarray(HEADER_BYTES);
      // V8 itself trusts every byte of it, and may end the process over a wrong one.
      if (!bytes.subarray(0, HEADER_BYTES).equals(headerOf(identity, code))) return undefined;
      return { code, writtenAt: mtimeMs };
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function headerOf(identity: string, code: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES, " ");
  header.write(`${identity} ${code.length}\n`);
  return header;
}

/** Written beside, synced and moved into place: another run reads all of it or nothing, after a power cut too. */
function writeCode(folder: string, path: string, identity: string, code: Buffer): void {
  const partial = `${path}.${process.pid}`;
  // A full disk, a home that cannot be written to: the next run compiles again.
  quietly(
    () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const descriptor = openSync(partial, "wx", 0o600);
      try {
        writeFileSync(descriptor, Buffer.concat([headerOf(identity, code), code]));
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
      renameSync(partial, path);
    },
    () => quietly(() => rmSync(partial, { force: true })),
  );
}

function quietly(task: () => void, otherwise: () => void = () => undefined): void {
  try {
    task();
  } catch {
    otherwise();
  }
}
