import { parseDecimal } from "./response-headers.ts";

/** A server may ask for a minute of patience, not more: a caller who waits longer should decide so itself. */
const MAX_RETRY_AFTER_MILLISECONDS = 60_000;

const DAY_NAME = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? /;

/**
 * How long a `Retry-After` field asks to wait, in milliseconds: seconds or an HTTP date (RFC 9110, section 10.2.3),
 * clamped to 0 to 60 s. Undefined where the value is neither, so that the caller's own delay counts.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) {
    const seconds = parseDecimal(text);
    return seconds === undefined ? MAX_RETRY_AFTER_MILLISECONDS : clamp(seconds * 1_000);
  }
  // Date.parse takes almost anything ("-1" is a year to it); an HTTP date begins with the day's name.
  if (text.length > 64 || !DAY_NAME.test(text)) return undefined;
  // The oldest of the three forms, asctime's, names no zone: it is GMT like the others.
  const date = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return Number.isNaN(date) ? undefined : clamp(date - nowMs);
}

function clamp(milliseconds: number): number {
  return Math.min(Math.max(milliseconds, 0), MAX_RETRY_AFTER_MILLISECONDS);
}
