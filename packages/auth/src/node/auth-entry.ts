import type { Credential } from "../credential.ts";
import { AuthError } from "../errors.ts";
import { fromBase64, toBase64 } from "../text.ts";
import { isRecord } from "./config-file.ts";

/** Whose rules an entry is read by. */
export type AuthDialect = "docker" | "containers";

/**
 * One entry of `auths`: `auth` (base64 of `name:password`) before the plain fields, and the two kinds of token.
 * `undefined` for an empty one, which says that a helper has the secret.
 *
 * @throws AuthError `CONFIG`; the message has `where` and never the entry.
 */
export function readAuthEntry(
  entry: unknown,
  dialect: AuthDialect,
  where: string,
  source: string,
): Credential | undefined {
  if (!isRecord(entry)) throw new AuthError("CONFIG", `${where} is not a JSON object`);
  const auth = textOf(entry, "auth");
  const identityToken = textOf(entry, "identitytoken");
  const registryToken = dialect === "docker" ? textOf(entry, "registrytoken") : "";
  if (registryToken !== "") return { registryToken, source };
  const pair =
    auth === "" ? plainFields(entry, dialect) : decodeAuth(auth, dialect, identityToken !== "", where);
  if (identityToken !== "" && (pair !== undefined || dialect === "docker")) {
    const username = pair?.username ?? "";
    return username === "" || username === "<token>"
      ? { identityToken, source }
      : { identityToken, username, source };
  }
  return pair === undefined ? undefined : { ...pair, source };
}

/** The entry that says the same. */
export function writeAuthEntry(credential: Credential): Readonly<Record<string, string>> {
  if ("registryToken" in credential) return { registrytoken: credential.registryToken };
  if ("identityToken" in credential) {
    // The other readers of this file want a name before they look at the token.
    return {
      auth: toBase64(`${credential.username ?? "<token>"}:`),
      identitytoken: credential.identityToken,
    };
  }
  return { auth: toBase64(`${credential.username}:${credential.password}`) };
}

function plainFields(
  entry: Readonly<Record<string, unknown>>,
  dialect: AuthDialect,
): { readonly username: string; readonly password: string } | undefined {
  if (dialect === "containers") return undefined;
  const username = textOf(entry, "username");
  return username === "" ? undefined : { username, password: textOf(entry, "password") };
}

function decodeAuth(
  auth: string,
  dialect: AuthDialect,
  hasToken: boolean,
  where: string,
): { readonly username: string; readonly password: string } | undefined {
  const decoded = fromBase64(auth);
  if (decoded === undefined) throw new AuthError("CONFIG", `${where}: "auth" is not base64 of UTF-8 text`);
  const colon = decoded.indexOf(":");
  if (colon === -1) {
    // podman passes such an entry by; docker refuses it.
    if (dialect === "containers") return undefined;
    throw new AuthError("CONFIG", `${where}: "auth" has no colon between name and password`);
  }
  const username = decoded.slice(0, colon);
  if (username === "" && dialect === "docker" && !hasToken) {
    throw new AuthError("CONFIG", `${where}: "auth" has no name before the colon`);
  }
  return { username, password: trimNul(decoded.slice(colon + 1)) };
}

function textOf(entry: Readonly<Record<string, unknown>>, name: string): string {
  const value = Object.hasOwn(entry, name) ? entry[name] : undefined;
  return typeof value === "string" ? value : "";
}

function trimNul(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) === 0) start += 1;
  while (end > start && text.charCodeAt(end - 1) === 0) end -= 1;
  return text.slice(start, end);
}
