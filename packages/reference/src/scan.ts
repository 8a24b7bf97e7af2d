/**
 * The grammar of a reference, one function a production. Each reads from `start`, never looks back, and
 * returns the position after the longest match, or `~position` where a character that had to come did not.
 */

const LOWER = 1;
const UPPER = 2;
const WORD = 4;
const TAG = 8;
const DOMAIN_MARK = 16;
const CLASSES = [/[a-z\d]/, /[A-Z]/, /\w/, /[\w.-]/, /[A-Z.:]/];

/** The classes of each ASCII character: one place for them all, and as fast as comparing with ranges. */
const TABLE = Uint8Array.from({ length: 128 }, (_, code) =>
  CLASSES.reduce((sum, one, bit) => sum + (Number(one.test(String.fromCharCode(code))) << bit), 0),
);

/** The one run that is long enough for an expression to be the quicker way; it cannot backtrack. */
const HEX_DIGITS = /^[a-f\d]+$/;

const DASH = 45;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
const UNDERSCORE = 95;

/** The specification of tags: one word character and 127 more. */
export const MAX_TAG_CHARACTERS = 128;

/** The repository's path, without its domain; `library/` counts. */
export const MAX_PATH_CHARACTERS = 255;

/** `[a-z0-9]+` parts, joined by `/`, `.`, `_`, `__` or any number of `-`. */
export function scanPath(text: string, start: number): number {
  const { length } = text;
  let at = start;
  for (;;) {
    const from = at;
    while (at < length && belongs(text, at, LOWER)) at++;
    if (at === from) return ~at;
    if (at === length) return at;
    const code = text.charCodeAt(at);
    if (code === SLASH || code === DOT) {
      at++;
    } else if (code === UNDERSCORE) {
      at += text.charCodeAt(at + 1) === UNDERSCORE ? 2 : 1;
    } else if (code === DASH) {
      at = skipDashes(text, at);
    } else {
      return at;
    }
  }
}

/** A host name, an IPv4 address or a bracketed IPv6 address, and perhaps a port; neither is checked further. */
export function scanDomain(text: string, start: number): number {
  const host = text.charCodeAt(start) === 91 ? scanBracketed(text, start) : scanHostName(text, start);
  if (host < 0 || text.charCodeAt(host) !== COLON) return host;
  let at = host + 1;
  while (isDigit(text.charCodeAt(at))) at++;
  return at === host + 1 ? ~at : at;
}

/** Whether the part before the first slash names a registry, rather than a namespace of the default one. */
export function readsAsDomain(text: string, end: number): boolean {
  for (let at = 0; at < end; at++) if (belongs(text, at, DOMAIN_MARK)) return true;
  return end === 9 && text.startsWith("localhost");
}

/** A word character, then up to 127 of word characters, `.` and `-`. */
export function scanTag(text: string, start: number): number {
  const { length } = text;
  let at = start;
  if (at >= length || !belongs(text, at, WORD)) return ~at;
  do at++;
  while (at < length && belongs(text, at, TAG));
  return at - start > MAX_TAG_CHARACTERS ? ~(start + MAX_TAG_CHARACTERS) : at;
}

/** A digest of one of the algorithms that can be named in a reference, to the text's end. */
export function scanDigest(text: string, start: number): number {
  const digits = text.charCodeAt(start + 6) === COLON ? digestLength(text.slice(start, start + 6)) : 0;
  const end = start + 7 + digits;
  return digits > 0 && end <= text.length && HEX_DIGITS.test(text.slice(start + 7, end)) ? end : ~start;
}

/** Hex digits of a registered algorithm, 0 of any other. */
export function digestLength(algorithm: string): number {
  return algorithm === "sha256" ? 64 : algorithm === "sha512" ? 128 : algorithm === "sha384" ? 96 : 0;
}

function scanHostName(text: string, start: number): number {
  const { length } = text;
  let at = start;
  for (;;) {
    const from = at;
    while (at < length && belongs(text, at, LOWER | UPPER)) at++;
    if (at === from) return ~at;
    if (at === length) return at;
    const code = text.charCodeAt(at);
    if (code === DOT) {
      at++;
    } else if (code === DASH) {
      at = skipDashes(text, at);
    } else {
      return at;
    }
  }
}

/** Without zone identifiers or embedded IPv4, as the grammar has it. */
function scanBracketed(text: string, start: number): number {
  let at = start + 1;
  while (/[\da-f:]/i.test(text.charAt(at))) at++;
  return at === start + 1 || text.charCodeAt(at) !== 93 ? ~at : at + 1;
}

function skipDashes(text: string, start: number): number {
  let at = start;
  while (text.charCodeAt(at) === DASH) at++;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function belongs(text: string, at: number, classes: number): boolean {
  return ((TABLE[text.charCodeAt(at)] ?? 0) & classes) !== 0;
}
