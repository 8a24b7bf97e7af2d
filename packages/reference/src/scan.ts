/**
 * The grammar of a reference, one function a production. Each reads from `start`, never looks back, and
 * returns the position after the longest match, or `~position` where a character that had to come did not.
 */

const DASH = 45;
const DOT = 46;
const SLASH = 47;
const COLON = 58;
const UNDERSCORE = 95;

/** `[a-z0-9]+` parts, joined by `/`, `.`, `_`, `__` or any number of `-`. */
export function scanPath(text: string, start: number): number {
  let at = start;
  for (;;) {
    const from = at;
    while (isLowerAlphanumeric(text.charCodeAt(at))) at++;
    if (at === from) return ~at;
    const code = text.charCodeAt(at);
    if (code === SLASH || code === DOT) {
      at++;
    } else if (code === UNDERSCORE) {
      at += text.charCodeAt(at + 1) === UNDERSCORE ? 2 : 1;
    } else if (code === DASH) {
      do at++;
      while (text.charCodeAt(at) === DASH);
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

/** A word character, then up to 127 of word characters, `.` and `-`. */
export function scanTag(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  if (!isAlphanumeric(code) && code !== UNDERSCORE) return ~at;
  do code = text.charCodeAt(++at);
  while (isAlphanumeric(code) || code === UNDERSCORE || code === DOT || code === DASH);
  return at - start > MAX_TAG_CHARACTERS ? ~(start + MAX_TAG_CHARACTERS) : at;
}

/** A digest of one of the algorithms that can be named in a reference, to the text's end. */
export function scanDigest(text: string, start: number): number {
  const digits = text.charCodeAt(start + 6) === COLON ? digestLength(text.slice(start, start + 6)) : 0;
  if (digits === 0) return ~start;
  const end = start + 7 + digits;
  let at = start + 7;
  while (at < end && isLowerHex(text.charCodeAt(at))) at++;
  return at === end ? at : ~at;
}

/** Hex digits of a registered algorithm, 0 of any other. */
export function digestLength(algorithm: string): number {
  return algorithm === "sha256" ? 64 : algorithm === "sha512" ? 128 : algorithm === "sha384" ? 96 : 0;
}

/** The specification of tags: one word character and 127 more. */
export const MAX_TAG_CHARACTERS = 128;

/** The repository's path, without its domain; `library/` counts. */
export const MAX_PATH_CHARACTERS = 255;

export function isLowerAlphanumeric(code: number): boolean {
  return (code >= 97 && code <= 122) || isDigit(code);
}

export function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

export function isAlphanumeric(code: number): boolean {
  return isLowerAlphanumeric(code) || isUpper(code);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isLowerHex(code: number): boolean {
  return isDigit(code) || (code >= 97 && code <= 102);
}

export function isHex(code: number): boolean {
  return isLowerHex(code) || (code >= 65 && code <= 70);
}

function scanHostName(text: string, start: number): number {
  let at = start;
  for (;;) {
    const from = at;
    while (isAlphanumeric(text.charCodeAt(at))) at++;
    if (at === from) return ~at;
    const code = text.charCodeAt(at);
    if (code === DOT) {
      at++;
    } else if (code === DASH) {
      do at++;
      while (text.charCodeAt(at) === DASH);
    } else {
      return at;
    }
  }
}

/** Without zone identifiers or embedded IPv4, as the grammar has it. */
function scanBracketed(text: string, start: number): number {
  let at = start + 1;
  while (isHex(text.charCodeAt(at)) || text.charCodeAt(at) === COLON) at++;
  return at === start + 1 || text.charCodeAt(at) !== 93 ? ~at : at + 1;
}
