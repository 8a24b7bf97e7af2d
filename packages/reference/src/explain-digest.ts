import { type Fault, fault } from "./fault.ts";
import { digestLength, isHex } from "./scan.ts";

/** Below this a reference's grammar sees no digest at all (128 bits). */
const MIN_DIGEST_DIGITS = 32;

const ALGORITHM = /^[a-z][a-z\d]*([+._-][a-z][a-z\d]*)*$/i;

/** Why the text from `start` on is no digest; `wellFormed` says whether it is one of an unknown algorithm. */
export function explainDigest(text: string, start: number, wellFormed?: boolean): Fault {
  const colon = text.indexOf(":", start);
  const algorithm = text.slice(start, Math.max(start, colon));
  const expected = digestLength(algorithm.toLowerCase());
  const from = colon + 1;
  let end = from;
  while (isHex(text.charCodeAt(end))) end++;
  const count = end - from;
  const rule = `write "${expected > 0 ? algorithm : "sha256"}:" and ${expected || 64} lower-case hex digits`;

  if (start === text.length || (expected > 0 && from === text.length)) {
    return fault("DIGEST_EMPTY", text.length, 0, rule);
  }
  if (expected === 0) {
    const known =
      wellFormed ?? (end === text.length && count >= MIN_DIGEST_DIGITS && ALGORITHM.test(algorithm));
    if (known) return fault("DIGEST_UNSUPPORTED", start, algorithm.length, "use sha256 or sha512");
    return fault("DIGEST_INVALID", start, text.length - start, rule);
  }
  if (text.charAt(end) === ":" && count === expected) {
    return fault("TAG_AFTER_DIGEST", end, text.length - end, "put the tag before the @");
  }
  if (end < text.length) return fault("DIGEST_INVALID", end, 1, rule);
  if (count < expected) {
    return fault("DIGEST_LENGTH", from, count, `${expected - count} of ${expected} digits are missing`);
  }
  if (count > expected) {
    return fault("DIGEST_LENGTH", from + expected, count - expected, `take ${count - expected} digits away`);
  }
  return fault("DIGEST_UPPERCASE", start, end - start, `write "${text.slice(start).toLowerCase()}"`);
}
