/**
 * The grammar of a reference, one function a production. Each reads from `start`, never looks back, and
 * returns the position after the longest match, or `~position` where a character that had to come did not.
 */

const MAX_ASCII = 127;

/** States of reading a path; each is the bit of a row where the hex digit begins that is the next state. */
const BEGIN = 0;
const PART = 4;
const STOP = 15;

/** Classes of characters: bits above a row. */
const ALPHANUMERIC = 1 << 16;
const DIGIT = 1 << 17;
const HEX_DIGIT = 1 << 18;
const TAG = 1 << 19;
const DASH = 1 << 20;
const DOT = 1 << 21;
const DOMAIN_MARK = 1 << 22;

/** A row that leads nowhere. */
const STOPS = 0xffff;

/** Where a character leads, from the right: at the beginning of a part, within it, after `_`, after dashes. */
const KNOWN: readonly (readonly [characters: RegExp, difference: number])[] = [
  [/[a-z\d]/, STOPS ^ 0x4444],
  [/[/.]/, STOPS ^ 0xff0f],
  [/_/, STOPS ^ 0xf08f],
  [/-/, STOPS ^ 0xcfcf ^ DASH],
  [/\./, DOT],
  [/[a-z\d]/i, ALPHANUMERIC],
  [/\d/, DIGIT],
  [/[a-f\d]/, HEX_DIGIT],
  [/[\w.-]/, TAG],
  [/[A-Z.:]/, DOMAIN_MARK],
];

/** What is known of each ASCII character: one place for it all, and as fast as comparing with ranges. */
const TABLE = Int32Array.from({ length: MAX_ASCII + 1 }, (_, code) =>
  KNOWN.reduce((sum, [one, bits]) => (one.test(String.fromCharCode(code)) ? sum ^ bits : sum), STOPS),
);

const SLASH = 47;
const COLON = 58;

/** The specification of tags: one word character and 127 more. */
export const MAX_TAG_CHARACTERS = 128;

/** The repository's path, without its domain; `library/` counts. */
export const MAX_PATH_CHARACTERS = 255;

/** What was read as a path, and of its first component what tells whether it is rather a registry. */
export interface Name {
  /** As {@link scanPath} returns it. */
  readonly end: number;
  /** The first slash, or -1. */
  readonly slash: number;
  /** Whether a dot stands before it. */
  readonly dotted: boolean;
}

/**
 * `[a-z0-9]+` parts, joined by `/`, `.`, `_`, `__` or any number of `-`. The characters decide of no branch but
 * whether to go on: in names never seen before, a processor guesses those wrong, and waits.
 */
export function scanName(text: string, start: number): Name {
  const { length } = text;
  let at = start;
  let state = BEGIN;
  let slash = -1;
  let seen = 0;
  let first = 0;
  for (; at < length; at++) {
    const code = text.charCodeAt(at);
    const known = lookUp(code);
    const next = (known >>> state) & STOP;
    if (next === STOP || code > MAX_ASCII) break;
    if (code === SLASH && slash < 0) {
      slash = at;
      first = seen;
    }
    seen |= known;
    state = next;
  }
  return { end: state === PART ? at : ~at, slash, dotted: (first & DOT) !== 0 };
}

/** The repository's path alone. */
export function scanPath(text: string, start: number): number {
  return scanName(text, start).end;
}

/** A host name, an IPv4 address or a bracketed IPv6 address, and perhaps a port; neither is checked further. */
export function scanDomain(text: string): number {
  // Without zone identifiers or embedded IPv4, as the grammar has it.
  let at = (text.startsWith("[") && /^\[[\da-f:]+\]/i.exec(text)?.[0].length) || 0;
  for (let more = at === 0; more; ) {
    const end = skip(text, at, ALPHANUMERIC);
    if (end === at) return ~at;
    at = belongs(text, end, DOT) ? end + 1 : skip(text, end, DASH);
    more = at > end;
  }
  if (text.charCodeAt(at) !== COLON) return at;
  const end = skip(text, at + 1, DIGIT);
  return end === at + 1 ? ~end : end;
}

/** Whether the part before the first slash names a registry, rather than a namespace of the default one. */
export function readsAsDomain(text: string, end: number): boolean {
  for (let at = 0; at < end; at++) if (belongs(text, at, DOMAIN_MARK)) return true;
  return isLocalhost(text, end);
}

/** The one word that names a registry without a mark. */
export function isLocalhost(text: string, end: number): boolean {
  return end === 9 && text.startsWith("localhost");
}

/** A word character, then up to 127 of word characters, `.` and `-`. */
export function scanTag(text: string, start: number): number {
  const end = skip(text, start, TAG);
  if (end === start || belongs(text, start, DASH | DOT)) return ~start;
  return end - start > MAX_TAG_CHARACTERS ? ~(start + MAX_TAG_CHARACTERS) : end;
}

/** A digest of one of the algorithms that can be named in a reference, to the text's end. */
export function scanDigest(text: string, start: number): number {
  const from = start + 7;
  const digits = text.charCodeAt(from - 1) === COLON ? digestLength(text.slice(start, from - 1)) : 0;
  const end = from + digits;
  return digits > 0 && skip(text, from, HEX_DIGIT) >= end ? end : ~start;
}

/** Hex digits of a registered algorithm, 0 of any other. */
export function digestLength(algorithm: string): number {
  return algorithm === "sha256" ? 64 : algorithm === "sha512" ? 128 : algorithm === "sha384" ? 96 : 0;
}

/** The position after the characters of a class. */
function skip(text: string, start: number, classes: number): number {
  let at = start;
  while (at < text.length && belongs(text, at, classes)) at++;
  return at;
}

function belongs(text: string, at: number, classes: number): boolean {
  const code = text.charCodeAt(at);
  return code <= MAX_ASCII && (lookUp(code) & classes) !== 0;
}

/** Never reads beyond the table: engines compile reads that once went there in a slower way. */
function lookUp(code: number): number {
  return TABLE[code & MAX_ASCII] ?? 0;
}
