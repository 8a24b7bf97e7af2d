import type { Digest } from "./digest.ts";
import { explainDomain, explainPath, explainReference, explainTag, isIdentifier } from "./explain.ts";
import { explainDigest } from "./explain-digest.ts";
import { type InvalidReferenceError, isInvalidReferenceError } from "./invalid-reference-error.ts";
import { DOCKER_HUB, foldDomain, OFFICIAL_NAMESPACE, parseDomain, parsePath, parseTag } from "./parts.ts";
import { ParsedReference, type Reference } from "./reference.ts";
import {
  isLocalhost,
  MAX_PATH_CHARACTERS,
  readsAsDomain,
  scanDigest,
  scanDomain,
  scanName,
  scanPath,
  scanTag,
} from "./scan.ts";

const COLON = 58;
const AT = 64;

/** What an input that leaves it out is completed with. Nothing is read from the environment. */
export interface ParseOptions {
  /** The registry of a name that begins with none; `docker.io` by default. */
  readonly defaultDomain?: string;
  /**
   * What is put before a single component where no registry is written. `library` by default, and by default for
   * Docker Hub alone; one given here applies to whichever registry is the default one.
   */
  readonly defaultNamespace?: string;
  /** The tag of an input that has neither tag nor digest; by default it stays without. */
  readonly defaultTag?: string;
}

export type ParseResult =
  | { readonly ok: true; readonly reference: Reference }
  | { readonly ok: false; readonly error: InvalidReferenceError };

/**
 * Reads a reference as Docker does, and completes it: `ubuntu` is `docker.io/library/ubuntu`. The verdict is
 * that of Go's `distribution/reference`, but that a first part with a dot that cannot be a host (`foo_bar.com/x`)
 * is refused, where Go takes it without any registry.
 *
 * @throws InvalidReferenceError with a code, the span at fault and a hint. Also for an option that is not
 * well-formed; its `input` is that option.
 * @example
 * ```ts
 * const reference = parseReference("ghcr.io/owner/app:1.2");
 * reference.domain; // "ghcr.io"
 * ```
 */
export function parseReference(input: string, options?: ParseOptions): Reference {
  const name = scanName(input, 0);
  let { slash, end } = name;
  let start = 0;
  if (slash > 0) {
    if (name.dotted || isLocalhost(input, slash)) start = slash + 1;
    // The one thing that a path's component may have, and a host may not.
    if (start > 0 && input.slice(0, slash).includes("_")) throw explainReference(input, explainDomain, slash);
  } else if (end < input.length) {
    // What no path can go on with may belong to a registry: a port's colon, upper case, a bracket.
    slash = input.indexOf("/");
    if (slash > 0 && readsAsDomain(input, slash)) {
      if (scanDomain(input) !== slash) throw explainReference(input, explainDomain, slash);
      start = slash + 1;
      end = scanPath(input, start);
    }
  }
  const next = end < input.length ? input.charCodeAt(end) : AT;
  if (end < 0 || (next !== COLON && next !== AT) || (end === 64 && isIdentifier(input))) {
    throw explainReference(input, explainPath, start);
  }

  let at = end;
  let tag: string | undefined;
  if (next === COLON) {
    at = scanTag(input, end + 1);
    if (at < 0 || (at < input.length && input.charCodeAt(at) !== AT)) {
      throw explainReference(input, explainTag, end + 1);
    }
    tag = input.slice(end + 1, at);
  }
  let digest: Digest | undefined;
  if (at < input.length) {
    if (scanDigest(input, at + 1) !== input.length) throw explainReference(input, explainDigest, at + 1);
    // The scanner has just found it to be one.
    digest = input.slice(at + 1) as Digest;
  } else if (tag === undefined && options?.defaultTag !== undefined) {
    tag = parseTag(options.defaultTag);
  }

  const named = start > 0;
  const domain = named ? foldDomain(input.slice(0, slash)) : unnamedDomain(options);
  let path = input.slice(start, end);
  if (named ? domain === DOCKER_HUB && !path.includes("/") : slash < 0) {
    path = (named ? OFFICIAL_NAMESPACE : unnamedNamespace(domain, options)) + path;
  }
  if (path.length > MAX_PATH_CHARACTERS) throw explainPath(input, start, end, path.length - end + start);
  return new ParsedReference(domain, path, tag, digest);
}

/**
 * {@link parseReference} for those who expect failures.
 *
 * @example
 * ```ts
 * const result = safeParseReference("Ubuntu");
 * if (!result.ok) console.error(result.error.hint);
 * ```
 */
export function safeParseReference(input: string, options?: ParseOptions): ParseResult {
  try {
    return { ok: true, reference: parseReference(input, options) };
  } catch (error) {
    if (isInvalidReferenceError(error)) return { ok: false, error };
    throw error;
  }
}

function unnamedDomain(options: ParseOptions | undefined): string {
  return options?.defaultDomain === undefined ? DOCKER_HUB : parseDomain(options.defaultDomain);
}

/** With the slash after it, where there is one. */
function unnamedNamespace(domain: string, options: ParseOptions | undefined): string {
  const namespace = options?.defaultNamespace;
  if (namespace !== undefined) return `${parsePath("", namespace)}/`;
  return domain === DOCKER_HUB ? OFFICIAL_NAMESPACE : "";
}
