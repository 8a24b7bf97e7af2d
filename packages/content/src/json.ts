import { ContentError } from "./errors.ts";
import { LIMITS } from "./limits.ts";

const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const BRACKET_OPEN = 0x5b;
const BRACKET_CLOSE = 0x5d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Parses a JSON document that a stranger wrote. Code `INVALID` where it does not parse or nests deeper than anything
 * real does: whatever walks the value later may recurse. A byte order mark and bytes that are no UTF-8 are forgiven,
 * for the document is kept as bytes beside its value.
 */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  assertDepth(bytes, what);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // The engine's own message quotes the document, control characters and all.
    throw new ContentError("INVALID", `The ${what} is not JSON.`);
  }
}

/** Writes a value as the bytes of a document. */
export function encodeJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function assertDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.byteLength; i += 1) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) quoted = false;
    } else if (byte === QUOTE) {
      quoted = true;
    } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
      depth += 1;
      if (depth > LIMITS.jsonDepth) {
        throw new ContentError("INVALID", `The ${what} nests deeper than ${LIMITS.jsonDepth} levels.`);
      }
    } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      depth -= 1;
    }
  }
}
