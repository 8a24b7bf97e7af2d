import type { Access, AccessControl, Verdict } from "./access.ts";
import { isAllowed, isUser, parseBasic, type UserOptions } from "./users.ts";

/** Who may do what by {@link basicAccess}. */
export interface BasicAccessOptions extends UserOptions {
  /** Shown to people by browsers. Default `registry`. */
  readonly realm?: string | undefined;
}

/**
 * Signs users in by name and password with every request (RFC 7617).
 *
 * @example
 * ```ts
 * import { basicAccess, createRegistry, memoryStorage } from "@reg/server";
 * const registry = createRegistry({
 *   storage: memoryStorage(),
 *   access: basicAccess({
 *     users: { ci: "secret" },
 *     allow: (user, access) => user !== undefined || access.action === "pull",
 *   }),
 * });
 * ```
 */
export function basicAccess(options: BasicAccessOptions): AccessControl {
  const challenge = `Basic realm="${(options.realm ?? "registry").replace(/[^\x20-\x7e]|["\\]/g, "")}"`;
  return {
    async judge(request, needs): Promise<Verdict> {
      const pair = parseBasic(request.header("authorization"));
      const signedIn = pair !== undefined && (await isUser(options, pair));
      // A wrong password is said so even where none is needed: the caller meant to be somebody.
      if (request.header("authorization") !== undefined && !signedIn) {
        return { kind: "challenge", challenges: [challenge] };
      }
      const username = signedIn ? pair.username : undefined;
      const may = (access: Access): Promise<boolean> => isAllowed(options, username, access);
      const allowed = await all(needs, may);
      if (allowed && (needs.length > 0 || username !== undefined)) return { kind: "allowed", may };
      // The ping of somebody unknown is challenged: that is how clients find out how to sign in.
      return username === undefined ? { kind: "challenge", challenges: [challenge] } : { kind: "denied" };
    },
  };
}

async function all(needs: readonly Access[], may: (access: Access) => Promise<boolean>): Promise<boolean> {
  for (const access of needs) if (!(await may(access))) return false;
  return true;
}
