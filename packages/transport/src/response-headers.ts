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

/** Fields by name, whatever case their names came in; those of one name in the order received. */
export function responseHeaders(fields: Iterable<readonly [name: string, value: string]>): ResponseHeaders {
  const record: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of fields) {
    const key = name.toLowerCase();
    const before = record[key];
    if (before === undefined) record[key] = value;
    else if (typeof before === "string") record[key] = [before, value];
    else before.push(value);
  }
  return headersOf(record);
}

/** Fields by lower-case name, as an engine has them anyhow: nothing is copied, and what nobody asks for costs nothing. */
export function headersOf(record: HeaderRecord): ResponseHeaders {
  return new RecordHeaders(record);
}

/** The value of each field; a field that came more than once has a list. */
export type HeaderRecord = Readonly<Record<string, string | readonly string[] | undefined>>;

class RecordHeaders implements ResponseHeaders {
  readonly #record: HeaderRecord;

  constructor(record: HeaderRecord) {
    this.#record = record;
  }

  all(name: string): readonly string[] {
    const value = this.#value(name.toLowerCase());
    return value === undefined ? NONE : typeof value === "string" ? [value] : value;
  }

  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const value = this.#value(wanted);
    if (value === undefined || typeof value === "string") return value;
    if (!SINGLE_VALUED.has(wanted)) return value.join(", ");
    if (value.some((one) => one !== value[0])) {
      throw new TransportError("PROTOCOL", `The answer has two different values of the header ${wanted}`);
    }
    return value[0];
  }

  *[Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    for (const name of Object.keys(this.#record)) for (const value of this.all(name)) yield [name, value];
  }

  /** A server may call a field `constructor`: only what it sent counts. */
  #value(name: string): string | readonly string[] | undefined {
    return Object.hasOwn(this.#record, name) ? this.#record[name] : undefined;
  }
}

const NONE: readonly string[] = [];

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
