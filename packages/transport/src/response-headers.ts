import { TransportError } from "./errors.ts";
import type { ResponseHeaders } from "./transport.ts";

/** Fields of which two different values contradict each other (RFC 9110, section 5.3). */
const SINGLE_VALUED: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "docker-content-digest",
  "docker-upload-uuid",
  "location",
  "oci-chunk-max-length",
  "oci-chunk-min-length",
  "oci-subject",
  "range",
  "retry-after",
]);

/** 1 PB less one byte: every length that any registry can mean, and a safe integer. */
const MAX_LENGTH_DIGITS = 15;

/** Fields in the order received, whatever case their names came in. */
export function responseHeaders(fields: Iterable<readonly [name: string, value: string]>): ResponseHeaders {
  const entries: readonly (readonly [string, string])[] = Array.from(
    fields,
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const all = (name: string): string[] => {
    const wanted = name.toLowerCase();
    return entries.filter(([key]) => key === wanted).map(([, value]) => value);
  };
  return {
    all,
    get: (name) => {
      const values = all(name);
      if (values.length <= 1) return values[0];
      const wanted = name.toLowerCase();
      if (!SINGLE_VALUED.has(wanted)) return values.join(", ");
      if (values.some((value) => value !== values[0])) {
        throw new TransportError("PROTOCOL", `The answer has two different values of the header ${wanted}`);
      }
      return values[0];
    },
    [Symbol.iterator]: () => entries[Symbol.iterator](),
  };
}

/**
 * The announced length of a body; undefined where there is none.
 *
 * @throws TransportError `PROTOCOL` where it is not a plain number of at most 15 digits.
 */
export function contentLength(headers: ResponseHeaders): number | undefined {
  const value = headers.get("content-length");
  if (value === undefined) return undefined;
  const length = parseDecimal(value);
  if (length === undefined)
    throw new TransportError("PROTOCOL", "The answer's Content-Length is not a number");
  return length;
}

/** A decimal number of 1 to 15 digits and nothing else, as numbers from the wire have to be; undefined otherwise. */
export function parseDecimal(text: string): number | undefined {
  if (text.length === 0 || text.length > MAX_LENGTH_DIGITS) return undefined;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x30 || unit > 0x39) return undefined;
  }
  return Number(text);
}
