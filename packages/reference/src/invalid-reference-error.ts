const BRAND = Symbol.for("@reg/reference/error");

/** More of an input than this does not help in a message. */
const MAX_SHOWN_CHARACTERS = 200;

/**
 * - `EMPTY`: nothing was given.
 * - `SCHEME`: `https://`, `docker://` or another scheme stands in front.
 * - `IDENTIFIER`: 64 hex digits alone are a content's identifier, and no name.
 * - `CHARACTER_INVALID`: a space, a control character, anything outside ASCII, or one that no part may contain.
 * - `DOMAIN_INVALID`, `PORT_INVALID`: the part before the first slash reads as a registry, and cannot be one.
 * - `NAME_EMPTY`: the name, or a component of it, is missing.
 * - `NAME_INVALID`: separators lead, trail or meet in the name.
 * - `NAME_UPPERCASE`, `NAME_TOO_LONG`.
 * - `TAG_EMPTY`, `TAG_INVALID`, `TAG_TOO_LONG`, `TAG_REPEATED`, `TAG_AFTER_DIGEST`.
 * - `DIGEST_EMPTY`, `DIGEST_INVALID`, `DIGEST_UPPERCASE`, `DIGEST_LENGTH`.
 * - `DIGEST_UNSUPPORTED`: well-formed, of an algorithm no reference may use.
 * - `PATTERN_INVALID`: of `matchReference` alone.
 */
export type InvalidReferenceCode =
  | "EMPTY"
  | "SCHEME"
  | "IDENTIFIER"
  | "CHARACTER_INVALID"
  | "DOMAIN_INVALID"
  | "PORT_INVALID"
  | "NAME_EMPTY"
  | "NAME_INVALID"
  | "NAME_UPPERCASE"
  | "NAME_TOO_LONG"
  | "TAG_EMPTY"
  | "TAG_INVALID"
  | "TAG_TOO_LONG"
  | "TAG_REPEATED"
  | "TAG_AFTER_DIGEST"
  | "DIGEST_EMPTY"
  | "DIGEST_INVALID"
  | "DIGEST_UPPERCASE"
  | "DIGEST_LENGTH"
  | "DIGEST_UNSUPPORTED"
  | "PATTERN_INVALID";

/** The only error this package throws. */
export class InvalidReferenceError extends Error {
  static {
    Object.assign(InvalidReferenceError.prototype, { [BRAND]: true, name: "InvalidReferenceError" });
  }

  declare readonly code: InvalidReferenceCode;
  /** The whole input, as it was given. */
  declare readonly input: string;
  /** Where the fault begins, in UTF-16 code units. */
  declare readonly offset: number;
  /** How many UTF-16 code units are at fault; 0 where something is missing. */
  declare readonly length: number;
  /** What to write instead. */
  declare readonly hint: string;

  constructor(input: string, code: InvalidReferenceCode, offset: number, length: number, hint: string) {
    super(`invalid reference ${quote(input)}: ${hint} (${code} at offset ${offset})`);
    this.code = code;
    this.input = input;
    this.offset = offset;
    this.length = length;
    this.hint = hint;
  }
}

/** Recognises the error also when it comes from another installed copy of this package. */
export function isInvalidReferenceError(error: unknown): error is InvalidReferenceError {
  return BRAND in Object(error);
}

/** The text in quotes, cut and in ASCII, so that no terminal is led astray by it. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SHOWN_CHARACTERS)).replace(/[^ -~]/g, "?");
}
