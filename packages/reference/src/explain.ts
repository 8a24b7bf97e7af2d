import { explainDigest } from "./explain-digest.ts";
import { type Fault, fault } from "./fault.ts";
import { readsAsDomain } from "./reads-as-domain.ts";
import {
  isAlphanumeric,
  isLowerHex,
  isUpper,
  MAX_PATH_CHARACTERS,
  MAX_TAG_CHARACTERS,
  scanDomain,
  scanPath,
  scanTag,
} from "./scan.ts";

const NAME_RULE = "a name's components are a-z and 0-9, joined by one of . _ __ or by dashes";
const TAG_RULE = "a tag begins with a letter, a digit or _, and goes on with those, . and -";

/** Why an input that does not match the grammar does not: the first fault a reader would stumble over. */
export function explainReference(text: string): Fault {
  if (text === "") return fault("EMPTY", 0, 0, "it is empty", 'write a name such as "ubuntu:24.04"');
  const scheme = schemeLength(text);
  if (scheme > 0) {
    return fault(
      "SCHEME",
      0,
      scheme,
      "a reference has no scheme",
      `begin with the registry, without "${text.slice(0, scheme)}"`,
    );
  }
  const strange = findStrange(text);
  if (strange !== undefined) return strange;
  if (isIdentifier(text)) {
    const hint = `write NAME@sha256:${text}, or NAME:TAG`;
    return fault("IDENTIFIER", 0, 64, "64 hex digits are an identifier, not a name", hint);
  }

  const slash = text.indexOf("/");
  const named = slash > 0 && readsAsDomain(text, slash);
  if (named && scanDomain(text, 0) !== slash) return explainDomain(text, 0, slash);
  const start = named ? slash + 1 : 0;
  const nameEnd = Math.min(indexOfOrEnd(text, ":", start), indexOfOrEnd(text, "@", start));
  if (scanPath(text, start) !== nameEnd) return explainPath(text, start, nameEnd);
  const tagged = text.charAt(nameEnd) === ":";
  const tagEnd = tagged ? indexOfOrEnd(text, "@", nameEnd) : nameEnd;
  if (tagged && scanTag(text, nameEnd + 1) !== tagEnd) return explainTag(text, nameEnd + 1, tagEnd);
  return explainDigest(text, tagEnd + 1);
}

/** Why the span names no registry. */
export function explainDomain(text: string, start: number, end: number): Fault {
  const stop = scanDomain(text, start);
  const at = stop < 0 ? ~stop : stop;
  const invalid = (offset: number, length: number, problem: string, hint: string): Fault =>
    fault("DOMAIN_INVALID", offset, length, problem, hint);
  if (start === end) return invalid(start, 0, "the registry is missing", "write a host such as ghcr.io");
  if (text.charAt(start) === "[") {
    return invalid(
      start,
      end - start,
      "this is no IPv6 address",
      "write hex digits and colons in brackets, without a zone: [::1]:5000",
    );
  }
  const colon = text.indexOf(":", start);
  if (colon >= 0 && colon < end && text.indexOf(":", colon + 1) >= 0 && text.indexOf(":", colon + 1) < end) {
    return invalid(
      start,
      end - start,
      "there is more than one colon in the registry",
      "write an IPv6 address in brackets: [fc00::1]:5000",
    );
  }
  if (colon > start && colon < at + 1 && colon < end) {
    return fault(
      "PORT_INVALID",
      colon + 1,
      end - colon - 1,
      "the registry's port is not a number",
      "write digits after the colon; a tag stands at the reference's end",
    );
  }
  const character = text.charAt(at);
  if (at < end && character === "_") {
    return invalid(
      at,
      1,
      "a registry's host has no underscore",
      "a first part with a dot, a colon or an upper-case letter is read as a registry",
    );
  }
  if (at === end && stop >= 0) {
    return invalid(
      start,
      end - start,
      "this would be read as a namespace",
      "a registry has a dot, a port, or is localhost",
    );
  }
  const edge =
    at < end && character !== "." && character !== "-"
      ? at
      : Math.max(start, Math.min(at, end) - (at > start ? 1 : 0));
  return invalid(
    edge,
    1,
    "the registry's host is not well-formed",
    "labels are letters, digits and inner dashes, joined by single dots",
  );
}

/** Why the span is no repository's path; `added` characters will come before it. */
export function explainPath(text: string, start: number, end: number, added = 0): Fault {
  const path = text.slice(start, end);
  for (let at = start; at < end; at++) {
    if (isUpper(text.charCodeAt(at))) {
      return fault(
        "NAME_UPPERCASE",
        start,
        end - start,
        "a repository's name is lower case",
        `write "${path.toLowerCase()}"`,
      );
    }
  }
  const stop = scanPath(text, start);
  const at = stop < 0 ? ~stop : stop;
  if (stop >= 0 && at < end)
    return fault("CHARACTER_INVALID", at, 1, "the name holds a character it may not", NAME_RULE);
  if (stop >= 0) {
    const allowed = MAX_PATH_CHARACTERS - added;
    const excess = Math.max(0, end - start - allowed);
    return fault(
      "NAME_TOO_LONG",
      end - excess,
      excess,
      `the name is over ${MAX_PATH_CHARACTERS} characters`,
      "shorten the path",
    );
  }
  const character = at < end ? text.charAt(at) : "";
  const before = at > start ? text.charAt(at - 1) : "/";
  if ((character === "" || character === "/") && before === "/") {
    const problem = start === end ? "the name is missing" : "a component of the name is empty";
    return fault("NAME_EMPTY", at, character.length, problem, "write REGISTRY/NAME:TAG, with single slashes");
  }
  const separator = character === "" || character === "/" ? at - 1 : at;
  return fault("NAME_INVALID", separator, 1, "a separator leads, trails or follows another", NAME_RULE);
}

/** Why the span is no tag. */
export function explainTag(text: string, start: number, end: number): Fault {
  if (start === end)
    return fault(
      "TAG_EMPTY",
      start,
      0,
      "the tag is missing",
      "write a tag after the colon, or leave the colon out",
    );
  const stop = scanTag(text, start);
  const at = stop < 0 ? ~stop : stop;
  if (at === start + MAX_TAG_CHARACTERS) {
    return fault(
      "TAG_TOO_LONG",
      at,
      end - at,
      `the tag is over ${MAX_TAG_CHARACTERS} characters`,
      "shorten it",
    );
  }
  if (text.charAt(at) === ":") {
    return fault(
      "TAG_REPEATED",
      at,
      end - at,
      "there are two tags",
      "keep one tag; a registry's port comes before the first slash",
    );
  }
  if (text.charAt(at) === "/") {
    return fault(
      "TAG_INVALID",
      at,
      1,
      "a tag has no slash",
      "put the tag at the end; a registry's port comes before the first slash",
    );
  }
  return fault("TAG_INVALID", at, 1, "the tag holds a character it may not", TAG_RULE);
}

/** The length of `scheme://` in front. */
function schemeLength(text: string): number {
  let at = 0;
  while (isAlphanumeric(text.charCodeAt(at)) || "+-.".includes(text.charAt(at) || "?")) at++;
  return at > 0 && text.startsWith("://", at) ? at + 3 : 0;
}

/** The first character that no part of a reference may hold. */
function findStrange(text: string): Fault | undefined {
  for (let at = 0; at < text.length; at++) {
    if (isAlphanumeric(text.charCodeAt(at)) || "/:.-_@[]+=".includes(text.charAt(at))) continue;
    const point = text.codePointAt(at) ?? 0;
    const length = point > 0xffff ? 2 : 1;
    const [problem, hint] =
      text.charAt(at).trim() === ""
        ? ["there is white space", "take it out"]
        : point > 126
          ? ["there is a character outside ASCII", "write the ASCII form, a host's in punycode"]
          : point < 32
            ? ["there is a control character", "take it out"]
            : text.charAt(at) === "$"
              ? ["a variable is not replaced", "replace it by its value first"]
              : ["there is a character that no reference has", NAME_RULE];
    return fault("CHARACTER_INVALID", at, length, problem, hint);
  }
  return undefined;
}

/** Content's identifier, which Docker takes in a name's place. */
export function isIdentifier(text: string): boolean {
  if (text.length !== 64) return false;
  for (let at = 0; at < 64; at++) if (!isLowerHex(text.charCodeAt(at))) return false;
  return true;
}

function indexOfOrEnd(text: string, character: string, from: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? text.length : at;
}
