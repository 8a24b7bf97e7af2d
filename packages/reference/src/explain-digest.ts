import { InvalidReferenceError } from "./invalid-reference-error.ts";
import { digestLength } from "./scan.ts";

/** A reference's grammar, which wants 128 bits at least; each character can match in one way alone. */
const UNKNOWN_DIGEST = /^[a-z][a-z\d]*([+._-][a-z][a-z\d]*)*:[a-f\d]{32,}$/i;

const RULE = "write sha256: and 64 lower-case hex digits, or sha512: and 128";

/** Why the text from `start` on is no digest; `wellFormed` says whether it is one of an unknown algorithm. */
export function explainDigest(text: string, start: number, wellFormed?: boolean): InvalidReferenceError {
  const digest = text.slice(start);
  const algorithm = digest.slice(0, Math.max(0, digest.indexOf(":")));
  const expected = digestLength(algorithm.toLowerCase());
  const { length } = digest;
  if (expected === 0) {
    if (wellFormed ?? UNKNOWN_DIGEST.test(digest)) {
      return new InvalidReferenceError(
        text,
        "DIGEST_UNSUPPORTED",
        start,
        algorithm.length,
        "use sha256 or sha512",
      );
    }
    return new InvalidReferenceError(
      text,
      length > 0 ? "DIGEST_INVALID" : "DIGEST_EMPTY",
      start,
      length,
      RULE,
    );
  }
  const from = start + algorithm.length + 1;
  const end = from + text.slice(from).search(/[^\da-f]|$/i);
  const excess = end - from - expected;
  const rest = text.length - end;
  if (from === text.length) return new InvalidReferenceError(text, "DIGEST_EMPTY", from, 0, RULE);
  if (rest > 0) {
    return text.charAt(end) === ":" && excess === 0
      ? new InvalidReferenceError(text, "TAG_AFTER_DIGEST", end, rest, "put the tag before the @")
      : new InvalidReferenceError(text, "DIGEST_INVALID", end, 1, RULE);
  }
  if (excess !== 0) {
    const hint = `${Math.abs(excess)} digits too ${excess > 0 ? "many" : "few"}: ${RULE}`;
    return new InvalidReferenceError(text, "DIGEST_LENGTH", from, end - from, hint);
  }
  return new InvalidReferenceError(text, "DIGEST_UPPERCASE", start, length, `write ${digest.toLowerCase()}`);
}
