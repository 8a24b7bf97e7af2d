import type { ByteRange } from "./storage.ts";

/** Fifteen digits stay below 2^53. */
const MAX_DIGITS = 15;

/**
 * Reads a `Range` header (RFC 9110, section 14.2) against a size.
 *
 * @returns the bytes asked for; `undefined` where the whole is to be sent, which is also the answer to several ranges
 * and to units other than bytes; `"unsatisfiable"` where it asks for what is not there.
 */
export function parseRange(
  header: string | undefined,
  size: number,
): ByteRange | "unsatisfiable" | undefined {
  if (header === undefined) return undefined;
  const equals = header.indexOf("=");
  if (header.slice(0, Math.max(equals, 0)).trim().toLowerCase() !== "bytes") return undefined;
  const range = header.slice(equals + 1).trim();
  const dash = range.indexOf("-");
  if (range.includes(",") || dash < 0) return undefined;

  const first = range.slice(0, dash).trim();
  const last = range.slice(dash + 1).trim();
  if (first === "") {
    const length = parseNumber(last);
    if (length === undefined) return undefined;
    return length === 0 || size === 0 ? "unsatisfiable" : { start: Math.max(0, size - length), end: size };
  }
  const start = parseNumber(first);
  const end = last === "" ? size - 1 : parseNumber(last);
  if (start === undefined || end === undefined) return undefined;
  if (start >= size || end < start) return "unsatisfiable";
  return { start, end: Math.min(end + 1, size) };
}

/**
 * Reads the `Content-Range` of an upload's chunk: `<start>-<end>`, both inclusive (distribution-spec, "Pushing a blob
 * in chunks"). The `bytes ` prefix and the `/total` of RFC 9110 are taken too.
 */
export function parseContentRange(header: string): ByteRange | undefined {
  const text = header.replace(/^bytes[ =]/i, "").trim();
  const slash = text.indexOf("/");
  const range = slash < 0 ? text : text.slice(0, slash);
  const dash = range.indexOf("-");
  if (dash < 0) return undefined;
  const start = parseNumber(range.slice(0, dash));
  const last = parseNumber(range.slice(dash + 1));
  if (start === undefined || last === undefined || last < start) return undefined;
  return { start, end: last + 1 };
}

/** A number from the wire: one to fifteen digits and nothing else. */
export function parseNumber(text: string): number | undefined {
  return text.length <= MAX_DIGITS && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}
