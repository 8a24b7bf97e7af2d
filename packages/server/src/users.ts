import { createHash, timingSafeEqual } from "node:crypto";
import type { Access } from "./access.ts";

/** Who may sign in, and what they may do then. */
export interface UserOptions {
  /** Passwords by user name, or a function that checks a pair. */
  readonly users:
    | Readonly<Record<string, string>>
    | ((username: string, password: string) => boolean | Promise<boolean>);
  /** What a user may do, `undefined` being whoever has not signed in. Default: users everything, others nothing. */
  readonly allow?: ((username: string | undefined, access: Access) => boolean | Promise<boolean>) | undefined;
}

/** A `Basic` header's pair, or that of a form. */
export interface Pair {
  readonly username: string;
  readonly password: string;
}

export async function isUser(options: UserOptions, { username, password }: Pair): Promise<boolean> {
  if (typeof options.users === "function") return options.users(username, password);
  const expected = Object.hasOwn(options.users, username) ? options.users[username] : undefined;
  // The comparison is made for an unknown name too, so that its time does not tell which names there are.
  const same = timingSafeEqual(sha256(password), sha256(expected ?? ""));
  return same && expected !== undefined;
}

/** Whether somebody who signed in earlier is still known. A function that checks pairs cannot say: it is believed. */
export function isKnown(options: UserOptions, username: string | undefined): boolean {
  return (
    typeof options.users === "function" || (username !== undefined && Object.hasOwn(options.users, username))
  );
}

export async function isAllowed(
  options: UserOptions,
  username: string | undefined,
  access: Access,
): Promise<boolean> {
  return options.allow === undefined ? username !== undefined : options.allow(username, access);
}

/** The pair of an `Authorization` header (RFC 7617); `undefined` where it is of another scheme or broken. */
export function parseBasic(header: string | undefined): Pair | undefined {
  if (header === undefined || !/^basic /i.test(header)) return undefined;
  const pair = Buffer.from(header.slice("basic ".length).trim(), "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : { username: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
