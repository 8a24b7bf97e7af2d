import { InvalidReferenceError } from "./invalid-reference-error.ts";
import { MAX_PATH_CHARACTERS, MAX_TAG_CHARACTERS, scanDomain, scanPath, scanTag } from "./scan.ts";

const NAME_RULE = "join parts of a-z and 0-9 by one / . _ __ or dashes";
const PORT_RULE = "; a port comes before the first slash";

/** What is wrong with an input: as a whole, or else at the part where reading stopped. */
export function explainReference(
  text: string,
  explainPart: (text: string, at: number) => InvalidReferenceError,
  at: number,
): InvalidReferenceError {
  if (text === "")
    return new InvalidReferenceError(text, "EMPTY", 0, 0, "write a name, such as ubuntu:24.04");
  const scheme = /^[a-z][a-z\d+.-]*:\/\//i.exec(text)?.[0];
  if (scheme !== undefined) {
    return new InvalidReferenceError(text, "SCHEME", 0, scheme.length, `leave ${scheme} out`);
  }
  const strange = /[^\w/:.@[\]+=-]+/.exec(text);
  if (strange !== null) return explainCharacters(text, strange.index, strange[0]);
  if (!isIdentifier(text)) return explainPart(text, at);
  return new InvalidReferenceError(text, "IDENTIFIER", 0, 64, `write NAME@sha256:${text}`);
}

/** Why the text up to `end` names no registry. */
export function explainDomain(text: string, end: number): InvalidReferenceError {
  const stop = scanDomain(text);
  const at = stop < 0 ? ~stop : stop;
  const [host = "", port, ...more] = text.slice(0, end).split(":");
  if (host.startsWith("[") || more.length > 0) {
    const hint = "write IPv6 as [::1]:5000, without a zone";
    return new InvalidReferenceError(text, "DOMAIN_INVALID", 0, end, hint);
  }
  if (port !== undefined && at >= host.length && host !== "") {
    return new InvalidReferenceError(
      text,
      "PORT_INVALID",
      host.length + 1,
      port.length,
      "write digits; a tag comes last",
    );
  }
  // Where nothing is wrong in it, what marks it as a registry is missing.
  const hint = "write letters, digits, inner dashes and dots, or add a port";
  return new InvalidReferenceError(text, "DOMAIN_INVALID", at, at < end ? 1 : 0, hint);
}

/** Why the span is no repository's path, `added` characters before it; without an end, up to tag or digest. */
export function explainPath(
  text: string,
  start: number,
  end: number = start + text.slice(start).search(/[:@]|$/),
  added = 0,
): InvalidReferenceError {
  const path = text.slice(start, end);
  const { length } = path;
  if (/[A-Z]/.test(path)) {
    return new InvalidReferenceError(text, "NAME_UPPERCASE", start, length, `write ${path.toLowerCase()}`);
  }
  const stop = scanPath(path, 0);
  if (stop === length) {
    const excess = length + added - MAX_PATH_CHARACTERS;
    return new InvalidReferenceError(text, "NAME_TOO_LONG", end - excess, excess, "shorten the name");
  }
  if (stop >= 0) return new InvalidReferenceError(text, "CHARACTER_INVALID", start + stop, 1, NAME_RULE);
  const at = start + ~stop;
  if (/^\/*$/.test(path.slice(Math.max(0, ~stop - 1), ~stop + 1))) {
    return new InvalidReferenceError(text, "NAME_EMPTY", at, 0, "write a name, with single slashes");
  }
  return new InvalidReferenceError(text, "NAME_INVALID", at, at < end ? 1 : 0, NAME_RULE);
}

/** Why the span is no tag; without an end, up to a digest. */
export function explainTag(
  text: string,
  start: number,
  end: number = start + text.slice(start).search(/@|$/),
): InvalidReferenceError {
  if (start === end)
    return new InvalidReferenceError(text, "TAG_EMPTY", start, 0, "write a tag, or no colon");
  const stop = scanTag(text, start);
  const at = stop < 0 ? ~stop : stop;
  const rest = end - at;
  if (at === start + MAX_TAG_CHARACTERS) {
    return new InvalidReferenceError(text, "TAG_TOO_LONG", at, rest, "shorten the tag");
  }
  if (text.charAt(at) === ":") {
    return new InvalidReferenceError(text, "TAG_REPEATED", at, rest, `keep one tag${PORT_RULE}`);
  }
  const hint = "begin with a letter, digit or _, go on with those, . or -";
  return new InvalidReferenceError(text, "TAG_INVALID", at, 1, hint + PORT_RULE);
}

/** Content's identifier, which Docker takes in a name's place. */
export function isIdentifier(text: string): boolean {
  return /^[a-f\d]{64}$/.test(text);
}

function explainCharacters(text: string, at: number, run: string): InvalidReferenceError {
  const ascii = run > "~" ? "write ASCII, a host in punycode" : NAME_RULE;
  const hint = run <= " " ? "take the white space out" : ascii;
  return new InvalidReferenceError(text, "CHARACTER_INVALID", at, run.length, hint);
}
