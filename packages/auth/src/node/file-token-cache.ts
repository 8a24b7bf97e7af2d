import { lstat } from "node:fs/promises";
import type { CachedToken, TokenCache } from "../token-cache.ts";
import { inTurn, isRecord, readConfig, replaceFile } from "./config-file.ts";

/** Half of what is read of a file; the tokens that end first make room. */
const FILE_LIMIT_CHARACTERS = 512 * 1024;
/** What an entry takes besides its key and its token. */
const ENTRY_OVERHEAD_CHARACTERS = 64;

/** A {@link TokenCache} that can forget what belongs to one registry. */
export interface FileTokenCache extends TokenCache {
  /**
   * Removes the tokens of a registry, as when its user signs out.
   *
   * @param origin - where the registry's API is: `https://ghcr.io`
   * @returns how many there were that were still good
   * @throws AuthError `CONFIG` where the file cannot be written
   */
  forget(origin: string): Promise<number>;
}

/**
 * Tokens in a file, so that a program that is run again and again does not ask for one each time. The file holds
 * tokens as they are: it is written with mode 0600, atomically, and tokens whose time is over leave it at the next
 * change. A file that others could have read or written is not believed, and a broken one is begun anew. Of two
 * processes that write at the same moment one may lose its token, which costs it a request.
 *
 * @throws AuthError `CONFIG` from `set` and `delete` where the file cannot be written; an authenticator passes that by
 * @example
 * ```ts
 * import { createAuthenticator } from "@reg/auth";
 * import { defaultCredentialStore, fileTokenCache } from "@reg/auth/node";
 * const tokenCache = fileTokenCache(`${process.env["HOME"]}/.cache/reg/tokens.json`);
 * const authenticator = createAuthenticator({ credentials: defaultCredentialStore(), tokenCache });
 * ```
 */
export function fileTokenCache(path: string): FileTokenCache {
  return {
    get: async (key) => (await readTokens(path)).get(key),
    set: (key, token) =>
      inTurn(path, async () => {
        const tokens = (await readTokens(path)).set(key, token);
        await replaceFile(path, format(tokens));
      }),
    delete: (key) =>
      inTurn(path, async () => {
        const tokens = await readTokens(path);
        if (tokens.delete(key)) await replaceFile(path, format(tokens));
      }),
    forget: async (origin) => {
      let forgotten = 0;
      await inTurn(path, async () => {
        const tokens = await readTokens(path);
        const others = new Map([...tokens].filter(([, token]) => token.origin !== origin));
        forgotten = tokens.size - others.size;
        if (forgotten > 0) await replaceFile(path, format(others));
      });
      return forgotten;
    },
  };
}

/** What is still good in the file, and nothing where it cannot be believed or read. */
async function readTokens(path: string): Promise<Map<string, CachedToken>> {
  const document = (await isOwn(path)) ? await readConfig(path).catch(() => undefined) : undefined;
  const held = document?.["tokens"];
  const tokens = new Map<string, CachedToken>();
  for (const [key, entry] of Object.entries(isRecord(held) ? held : {})) {
    const { token, renewAt, origin } = isRecord(entry) ? entry : {};
    if (typeof token === "string" && token !== "" && typeof renewAt === "number" && renewAt > Date.now()) {
      tokens.set(key, { token, renewAt, ...(typeof origin === "string" ? { origin } : {}) });
    }
  }
  return tokens;
}

/** A symlink is somebody's way to another file. Where files have no mode (Windows), folders keep them apart. */
async function isOwn(path: string): Promise<boolean> {
  const file = await lstat(path).catch(() => undefined);
  const user = process.getuid?.();
  if (file === undefined || !file.isFile()) return false;
  return user === undefined || (file.uid === user && (file.mode & 0o077) === 0);
}

function format(tokens: ReadonlyMap<string, CachedToken>): string {
  const kept: Record<string, CachedToken> = Object.create(null);
  let size = 0;
  for (const [key, token] of [...tokens].sort(([, a], [, b]) => b.renewAt - a.renewAt)) {
    size += key.length + token.token.length + (token.origin?.length ?? 0) + ENTRY_OVERHEAD_CHARACTERS;
    if (size > FILE_LIMIT_CHARACTERS) break;
    kept[key] = token;
  }
  return `${JSON.stringify({ tokens: kept })}\n`;
}
