/** A server's words as they may stand in a message: one line, no control or bidi characters, bounded, no secret. */
export function quoteForeign(text: string, secrets: readonly string[] = []): string {
  let quoted = text;
  for (const secret of secrets) {
    if (secret !== "") quoted = quoted.replaceAll(secret, "***");
  }
  let safe = "";
  // Cut afterwards: half a secret would not have been recognised.
  for (const character of quoted.slice(0, FOREIGN_TEXT_LIMIT)) {
    const code = character.codePointAt(0) ?? 0;
    safe += isUnsafe(code) ? `\\u{${code.toString(16)}}` : character;
  }
  return safe;
}

/** UTF-8, then base64: what Basic and the files of docker and podman hold. */
export function toBase64(text: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/**
 * Strict: the standard alphabet with its padding, and UTF-8 inside; `undefined` for the rest. Only line breaks are
 * passed by, with which the usual tool wraps what is long, and which docker takes too.
 */
export function fromBase64(wrapped: string): string | undefined {
  const text = wrapped.replaceAll("\n", "").replaceAll("\r", "");
  if (text.length % 4 !== 0) return undefined;
  let padding = 0;
  if (text.endsWith("==")) padding = 2;
  else if (text.endsWith("=")) padding = 1;
  for (let at = 0; at < text.length - padding; at += 1) {
    const code = text.charCodeAt(at);
    const upper = code >= 0x41 && code <= 0x5a;
    const lower = code >= 0x61 && code <= 0x7a;
    const digit = code >= 0x30 && code <= 0x39;
    if (!upper && !lower && !digit && code !== 0x2b && code !== 0x2f) return undefined;
  }
  try {
    const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Enough to recognise an answer by, little enough for one line. */
const FOREIGN_TEXT_LIMIT = 300;

function isUnsafe(code: number): boolean {
  const control = code < 0x20 || (code >= 0x7f && code <= 0x9f);
  const lineSeparator = code === 0x2028 || code === 0x2029;
  const bidi =
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0x200e ||
    code === 0x200f;
  return control || lineSeparator || bidi || code === 0xfeff || code === 0x061c;
}
