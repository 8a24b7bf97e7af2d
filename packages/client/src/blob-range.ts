import type { ResponseHead } from "@reg/transport";
import { RegistryError } from "./errors.ts";
import { readDecimal } from "./numbers.ts";

/** What a range request was answered with. */
export interface RangeAnswer {
  readonly status: number;
  readonly contentRange: string | undefined;
  readonly contentLength: string | undefined;
  readonly contentType: string | undefined;
}

/** Which bytes a body holds. */
export interface RangeVerdict {
  /** Bytes at its beginning that were not asked for: the registry took no notice of the range. */
  readonly skip: number;
  /** Bytes of the whole content; `undefined` where the answer does not tell. */
  readonly total: number | undefined;
}

/**
 * Judges the answer to a request for the bytes from `offset` on (RFC 9110, section 14). A 206 must begin where it was
 * asked to; a 200 is the whole content.
 *
 * @param total - Bytes of the whole content, where they are known: no answer may contradict them.
 * @throws RegistryError `PROTOCOL` for any other range than the one asked for, `SIZE_MISMATCH` for another total.
 */
export function judgeRange(
  what: string,
  answer: RangeAnswer,
  offset: number,
  total: number | undefined,
): RangeVerdict {
  if (answer.status !== 206) {
    const length = readDecimal(answer.contentLength);
    return { skip: offset, total: agreed(what, length, total) };
  }
  if (answer.contentType?.toLowerCase().startsWith("multipart/") === true) {
    throw new RegistryError("PROTOCOL", `${what}: several ranges came where one was asked for.`);
  }
  const range = parseContentRange(answer.contentRange);
  if (range === undefined) {
    throw new RegistryError("PROTOCOL", `${what}: a part came without saying which (Content-Range).`);
  }
  if (range.start !== offset || range.end < range.start) {
    throw new RegistryError(
      "PROTOCOL",
      `${what}: bytes from ${offset} on were asked for, and bytes ${range.start}-${range.end} came.`,
    );
  }
  if (range.total !== undefined && range.end >= range.total) {
    throw new RegistryError("PROTOCOL", `${what}: the Content-Range reaches beyond its own total.`);
  }
  return { skip: 0, total: agreed(what, range.total, total) };
}

/** {@link judgeRange} of an answer's head. */
export function judgeHead(
  what: string,
  { status, headers }: ResponseHead,
  offset: number,
  total: number | undefined,
): RangeVerdict {
  const answer = {
    status,
    contentRange: headers.get("content-range"),
    contentLength: headers.get("content-length"),
    contentType: headers.get("content-type"),
  };
  return judgeRange(what, answer, offset, total);
}

/**
 * Judges the answer to a request for one part: nothing but a 206 with bytes of that part will do.
 *
 * @param part - `end` is the byte after its last; `total` the bytes of the whole content, where they are known.
 * @throws RegistryError as {@link judgeRange}.
 */
export function judgePart(
  what: string,
  head: ResponseHead,
  { start, end, total }: { readonly start: number; readonly end: number; readonly total: number | undefined },
): void {
  if (head.status !== 206) {
    throw new RegistryError("PROTOCOL", `${what}: a part was asked for, and all of it came.`, {
      status: head.status,
    });
  }
  judgeHead(what, head, start, total);
  const range = parseContentRange(head.headers.get("content-range"));
  if (range !== undefined && range.end < end) return;
  throw new RegistryError("PROTOCOL", `${what}: more came than the part that was asked for.`);
}

/** Whether a status comes with the content that was asked for. */
export function isContent(status: number, ranged: boolean): boolean {
  return status === 200 || (ranged && status === 206);
}

/**
 * `bytes 0-9/100`, with `*` for a total that is not known. The unit may be missing, as it was in some releases of one
 * registry; no other unit is taken.
 */
export function parseContentRange(
  field: string | undefined,
): { readonly start: number; readonly end: number; readonly total: number | undefined } | undefined {
  if (field === undefined) return undefined;
  const trimmed = field.trim();
  const range = trimmed.toLowerCase().startsWith("bytes") ? trimmed.slice("bytes".length).trim() : trimmed;
  const slash = range.indexOf("/");
  const dash = range.indexOf("-");
  if (dash < 0 || slash < dash) return undefined;
  const start = readDecimal(range.slice(0, dash).trim());
  const end = readDecimal(range.slice(dash + 1, slash).trim());
  const totalText = range.slice(slash + 1).trim();
  const total = readDecimal(totalText);
  if (start === undefined || end === undefined || (total === undefined && totalText !== "*"))
    return undefined;
  return { start, end, total };
}

function agreed(what: string, told: number | undefined, known: number | undefined): number | undefined {
  if (told !== undefined && known !== undefined && told !== known) {
    throw new RegistryError(
      "SIZE_MISMATCH",
      `${what}: ${known} bytes are expected, and the registry has ${told}.`,
    );
  }
  return known ?? told;
}
