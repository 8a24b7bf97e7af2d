import { type Fault, fault } from "./fault.ts";
import { digestLength, isAlphanumeric, isDigit, isHex } from "./scan.ts";

/** Below this a reference's grammar sees no digest at all (128 bits). */
const MIN_DIGEST_DIGITS = 32;

const EXAMPLE = 'write "sha256:" and 64 lower-case hex digits';

/** Why the text from `start` to its end is no digest that a reference may have. */
export function explainDigest(text: string, start: number, wellFormed?: boolean): Fault {
  if (start === text.length) return fault("DIGEST_EMPTY", start, 0, "the digest is missing", EXAMPLE);
  const colon = text.indexOf(":", start);
  if (colon <= start) {
    return fault("DIGEST_INVALID", start, text.length - start, "the digest has no algorithm", EXAMPLE);
  }
  const algorithm = text.slice(start, colon);
  const digits = digestLength(algorithm);
  let end = colon + 1;
  while (isHex(text.charCodeAt(end))) end++;
  const count = end - colon - 1;

  if (digits === 0) {
    if (digestLength(algorithm.toLowerCase()) > 0) {
      return uppercase(start, algorithm);
    }
    const known = wellFormed ?? (end === text.length && count >= MIN_DIGEST_DIGITS && isAlgorithm(algorithm));
    return known
      ? fault(
          "DIGEST_UNSUPPORTED",
          start,
          algorithm.length,
          "the digest's algorithm is not supported",
          "use sha256 or sha512",
        )
      : fault("DIGEST_INVALID", start, text.length - start, "the digest is not well-formed", EXAMPLE);
  }
  if (end < text.length) {
    return text.charCodeAt(end) === 58 && count === digits
      ? fault(
          "TAG_AFTER_DIGEST",
          end,
          text.length - end,
          "a tag follows the digest",
          "put the tag before the @",
        )
      : fault("DIGEST_INVALID", end, 1, "the digest holds a character that is no hex digit", EXAMPLE);
  }
  if (count === 0) return fault("DIGEST_EMPTY", end, 0, "the digest has no digits", EXAMPLE);
  if (count !== digits) {
    const difference = Math.abs(digits - count);
    const problem = `the digest is ${difference} digits too ${count < digits ? "short" : "long"}`;
    const hint = `${algorithm} has ${digits} hex digits, these are ${count}`;
    return count < digits
      ? fault("DIGEST_LENGTH", colon + 1, count, problem, hint)
      : fault("DIGEST_LENGTH", colon + 1 + digits, difference, problem, hint);
  }
  return uppercase(colon + 1, text.slice(colon + 1));
}

function uppercase(offset: number, text: string): Fault {
  const hint = `write "${text.toLowerCase()}"`;
  return fault("DIGEST_UPPERCASE", offset, text.length, "a digest is written in lower case", hint);
}

/** `[A-Za-z][A-Za-z0-9]*` parts, joined by one of `+._-`. */
function isAlgorithm(text: string): boolean {
  let first = true;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const letter = isAlphanumeric(code) && !isDigit(code);
    if (first && !letter) return false;
    if (!first && !isAlphanumeric(code) && !"+._-".includes(text.charAt(at))) return false;
    first = !isAlphanumeric(code);
  }
  return !first;
}
