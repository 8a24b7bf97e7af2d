import { explainDigest } from "./explain-digest.ts";
import { type Fault, fault } from "./fault.ts";
import { readsAsDomain } from "./reads-as-domain.ts";
import {
  isAlphanumeric,
  isLowerHex,
  MAX_PATH_CHARACTERS,
  MAX_TAG_CHARACTERS,
  scanDomain,
  scanPath,
  scanTag,
} from "./scan.ts";

const NAME_RULE = "write parts of a-z and 0-9, joined by one of / . _ __ or by dashes";
const TAG_RULE = "write a letter, a digit or _, then more of them, . or -";
const PORT_RULE = "; a port comes before the first slash";

/** Why an input that does not match the grammar does not: the first fault a reader would stumble over. */
export function explainReference(text: string): Fault {
  if (text === "") return fault("EMPTY", 0, 0, 'write a name such as "ubuntu:24.04"');
  const scheme = schemeLength(text);
  if (scheme > 0) return fault("SCHEME", 0, scheme, `leave "${text.slice(0, scheme)}" out`);
  const strange = explainCharacter(text);
  if (strange !== undefined) return strange;
  if (isIdentifier(text)) return fault("IDENTIFIER", 0, 64, `write NAME@sha256:${text}`);

  const slash = text.indexOf("/");
  const named = slash > 0 && readsAsDomain(text, slash);
  if (named && scanDomain(text, 0) !== slash) return explainDomain(text, slash);
  const start = named ? slash + 1 : 0;
  const nameEnd = Math.min(indexOfOrEnd(text, ":", start), indexOfOrEnd(text, "@", start));
  if (scanPath(text, start) !== nameEnd) return explainPath(text, start, nameEnd);
  const tagged = text.charAt(nameEnd) === ":";
  const tagEnd = indexOfOrEnd(text, "@", nameEnd);
  if (tagged && scanTag(text, nameEnd + 1) !== tagEnd) return explainTag(text, nameEnd + 1, tagEnd);
  return explainDigest(text, tagEnd + 1);
}

/** Why the text up to `end` names no registry. */
export function explainDomain(text: string, end: number): Fault {
  const stop = scanDomain(text, 0);
  const at = stop < 0 ? ~stop : stop;
  const colon = text.indexOf(":");
  if (text.startsWith("[") || (colon >= 0 && colon < text.lastIndexOf(":", end - 1))) {
    return fault("DOMAIN_INVALID", 0, end, "write an IPv6 address, without a zone, in brackets: [::1]:5000");
  }
  if (colon > 0 && colon <= at && colon < end) {
    return fault("PORT_INVALID", colon + 1, end - colon - 1, "write digits; a tag comes last");
  }
  if (stop === end) {
    return fault("DOMAIN_INVALID", 0, end, "add a port: without dot or colon, only localhost is a registry");
  }
  const hint = "write a host of letters, digits and inner dashes, with single dots and no underscore";
  return fault("DOMAIN_INVALID", Math.max(0, Math.min(at, end - 1)), Math.min(end, 1), hint);
}

/** Why the span is no repository's path; `added` characters will come before it. */
export function explainPath(text: string, start: number, end: number, added = 0): Fault {
  const path = text.slice(start, end);
  const lower = path.toLowerCase();
  if (lower !== path) return fault("NAME_UPPERCASE", start, end - start, `write "${lower}"`);
  const stop = scanPath(path, 0);
  if (stop === path.length) {
    const excess = path.length + added - MAX_PATH_CHARACTERS;
    return fault("NAME_TOO_LONG", end - excess, excess, `take ${excess} characters away`);
  }
  if (stop >= 0) return fault("CHARACTER_INVALID", start + stop, 1, NAME_RULE);
  const missing = ~stop === path.length || path.charAt(~stop) === "/";
  const at = missing ? ~stop - 1 : ~stop;
  if (missing && (at < 0 || path.charAt(at) === "/")) {
    return fault("NAME_EMPTY", start + at + 1, 0, "write a name, with single slashes");
  }
  return fault("NAME_INVALID", start + at, 1, NAME_RULE);
}

/** Why the span is no tag. */
export function explainTag(text: string, start: number, end: number): Fault {
  if (start === end) return fault("TAG_EMPTY", start, 0, "write a tag, or no colon");
  const stop = scanTag(text, start);
  const at = stop < 0 ? ~stop : stop;
  const rest = end - at;
  if (at === start + MAX_TAG_CHARACTERS)
    return fault("TAG_TOO_LONG", at, rest, `take ${rest} characters away`);
  if (text.charAt(at) === ":") return fault("TAG_REPEATED", at, rest, `keep one tag${PORT_RULE}`);
  return fault("TAG_INVALID", at, 1, TAG_RULE + PORT_RULE);
}

/** Content's identifier, which Docker takes in a name's place. */
export function isIdentifier(text: string): boolean {
  if (text.length !== 64) return false;
  for (let at = 0; at < 64; at++) if (!isLowerHex(text.charCodeAt(at))) return false;
  return true;
}

/** The length of `scheme://` in front. */
function schemeLength(text: string): number {
  let at = 0;
  while (isAlphanumeric(text.charCodeAt(at)) || text.charAt(at) === "+" || text.charAt(at) === "-") at++;
  return at > 0 && text.startsWith("://", at) ? at + 3 : 0;
}

/** The first character that no part of a reference may hold. */
function explainCharacter(text: string): Fault | undefined {
  const at = text.search(/[^\w/:.@[\]+=-]/);
  if (at < 0) return undefined;
  const point = text.codePointAt(at) ?? 0;
  const hint =
    point <= 32 || point === 127
      ? "take the white space or control character out"
      : point > 127
        ? "write it in ASCII, a host in punycode"
        : point === 36
          ? "put the variable's value here"
          : NAME_RULE;
  return fault("CHARACTER_INVALID", at, point > 0xffff ? 2 : 1, hint);
}

function indexOfOrEnd(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}
