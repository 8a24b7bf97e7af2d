import type { Digest } from "./digest.ts";
import { explainPath, explainReference, isIdentifier } from "./explain.ts";
import { InvalidReferenceError, isInvalidReferenceError } from "./invalid-reference-error.ts";
import {
  DOCKER_HUB,
  LEGACY_DOCKER_HUB,
  OFFICIAL_NAMESPACE,
  parseDomain,
  parsePath,
  parseTag,
} from "./parts.ts";
import { readsAsDomain } from "./reads-as-domain.ts";
import { ParsedReference, type Reference } from "./reference.ts";
import { MAX_PATH_CHARACTERS, scanDigest, scanDomain, scanPath, scanTag } from "./scan.ts";

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
 * const reference = parseReference("ghcr.io/owner/app:1.2");
 * reference.domain; // "ghcr.io"
 */
export function parseReference(input: string, options?: ParseOptions): Reference {
  const reference = read(input, options);
  if (reference === undefined) throw new InvalidReferenceError(input, explainReference(input));
  return reference;
}

/**
 * {@link parseReference} for those who expect failures.
 *
 * @example
 * const result = safeParseReference("Ubuntu");
 * if (!result.ok) console.error(result.error.hint);
 */
export function safeParseReference(input: string, options?: ParseOptions): ParseResult {
  try {
    return { ok: true, reference: parseReference(input, options) };
  } catch (error) {
    if (isInvalidReferenceError(error)) return { ok: false, error };
    throw error;
  }
}

/** One pass, without a reason where the input is refused: that is looked for afterwards. */
function read(input: string, options: ParseOptions | undefined): Reference | undefined {
  const slash = input.indexOf("/");
  const named = slash > 0 && readsAsDomain(input, slash);
  const start = named ? slash + 1 : 0;
  if (named && scanDomain(input, 0) !== slash) return undefined;
  const end = scanPath(input, start);
  if (end < 0 || (end === 64 && isIdentifier(input))) return undefined;

  let at = end;
  let tag: string | undefined;
  if (input.charCodeAt(at) === COLON) {
    at = scanTag(input, end + 1);
    if (at < 0) return undefined;
    tag = input.slice(end + 1, at);
  }
  let digest: Digest | undefined;
  if (input.charCodeAt(at) === AT) {
    const from = at + 1;
    at = scanDigest(input, from);
    // The scanner has just found it to be one.
    digest = input.slice(from) as Digest;
  }
  if (at !== input.length) return undefined;

  if (tag === undefined && digest === undefined && options?.defaultTag !== undefined) {
    tag = parseTag(options.defaultTag);
  }
  let domain = named ? input.slice(0, slash) : DOCKER_HUB;
  let path = input.slice(start, end);
  if (domain === LEGACY_DOCKER_HUB) domain = DOCKER_HUB;
  if (!named && options !== undefined) {
    ({ domain, path } = complete(path, options));
  } else if (domain === DOCKER_HUB && !path.includes("/")) {
    path = `${OFFICIAL_NAMESPACE}/${path}`;
  }
  if (path.length > MAX_PATH_CHARACTERS) {
    throw new InvalidReferenceError(input, explainPath(input, start, end, path.length - end + start));
  }
  return new ParsedReference(domain, path, tag, digest);
}

function complete(path: string, options: ParseOptions): { domain: string; path: string } {
  const { defaultDomain, defaultNamespace } = options;
  const domain = defaultDomain === undefined ? DOCKER_HUB : parseDomain(defaultDomain);
  const single = !path.includes("/");
  if (single && defaultNamespace !== undefined)
    return { domain, path: `${parsePath("", defaultNamespace)}/${path}` };
  return { domain, path: single && domain === DOCKER_HUB ? `${OFFICIAL_NAMESPACE}/${path}` : path };
}
