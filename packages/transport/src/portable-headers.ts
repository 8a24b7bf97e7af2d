import type { RequestHeaders } from "./transport.ts";

/** What a request keeps when it leaves its origin: nothing that names the user, nothing the user configured. */
const PORTABLE: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "content-length",
  "content-range",
  "content-type",
  "if-none-match",
  "if-range",
  "range",
  "user-agent",
]);

/** The header fields that may go to another origin than the one they were meant for. */
export function portableHeaders(headers: RequestHeaders): RequestHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => PORTABLE.has(name.toLowerCase())));
}
