import { isVerifiableDigest } from "./digest.ts";
import type { InvalidReferenceCode, InvalidReferenceError } from "./invalid-reference-error.ts";
import { type ParseOptions, safeParseReference } from "./parse-reference.ts";
import { DOCKER_HUB } from "./parts.ts";
import type { Reference } from "./reference.ts";

/** The highest port that TCP has. */
const MAX_PORT = 65_535;

/** Hosts that are Docker Hub's own, or are meant to be. */
const HUB_ALIAS = /^((index\.|registry-1\.)?docker\.io|registry\.hub\.docker\.com)(:443)?$/;

/**
 * - `TAG_MISSING`: neither tag nor digest, so it is `latest`. `TAG_LATEST`: it says so itself.
 * - `DIGEST_MISSING` (a note): what is fetched can change from one day to the next.
 * - `DIGEST_UNVERIFIABLE`: of an algorithm that registries and clients do not check.
 * - `HOST_AS_NAME`: a registry's host alone reads as an image of Docker Hub; a port reads as its tag.
 * - `HUB_ALIAS`: a host of Docker Hub that is not taken for Docker Hub, nor are its credentials.
 * - `DOMAIN_UPPERCASE`: credentials are looked up as it is written.
 * - `PORT_OUT_OF_RANGE`: nothing can listen there.
 */
export type WarningCode =
  | "TAG_MISSING"
  | "TAG_LATEST"
  | "DIGEST_MISSING"
  | "DIGEST_UNVERIFIABLE"
  | "HOST_AS_NAME"
  | "HUB_ALIAS"
  | "DOMAIN_UPPERCASE"
  | "PORT_OUT_OF_RANGE";

/** Text to put in place of a span of the input. */
export interface Fix {
  readonly offset: number;
  readonly length: number;
  readonly text: string;
}

/** Something to say about an input; spans are in UTF-16 code units, and lie inside it. */
export interface Diagnostic {
  readonly severity: "error" | "warning" | "note";
  readonly code: InvalidReferenceCode | WarningCode;
  readonly offset: number;
  readonly length: number;
  readonly message: string;
  /** Only where nothing else can have been meant. */
  readonly fix?: Fix;
}

/**
 * What a linter has to say about a reference: the error that makes it none, or the warnings it deserves.
 *
 * @example
 * ```ts
 * diagnoseReference("ghcr.io/Owner/app")[0]?.fix; // { offset: 8, length: 9, text: "owner/app" }
 * ```
 */
export function diagnoseReference(input: string, options?: ParseOptions): readonly Diagnostic[] {
  const result = safeParseReference(input, options);
  return result.ok ? warn(input, result.reference) : [explain(result.error)];
}

function explain({ input, code, offset, length, hint }: InvalidReferenceError): Diagnostic {
  const before = input.slice(0, offset);
  const after = input.slice(offset + length);
  const span = input.slice(offset, offset + length);
  // White space at either end is in nobody's way; within, it may have been anything.
  const kept = before && after ? span : span.trim();
  const text = code === "SCHEME" ? "" : kept.toLowerCase();
  const found: Diagnostic = { severity: "error", code, offset, length, message: hint };
  return safeParseReference(before + text + after).ok ? { ...found, fix: { offset, length, text } } : found;
}

function warn(input: string, { domain, path, tag, digest }: Reference): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const say = (code: WarningCode, offset: number, length: number, message: string, text?: string): void => {
    const severity = code === "DIGEST_MISSING" ? "note" : "warning";
    const fix = text === undefined ? {} : { fix: { offset, length, text } };
    found.push({ severity, code, offset, length, message, ...fix });
  };

  const slash = input.indexOf("/");
  const nameEnd = slash + 1 + input.slice(slash + 1).search(/[:@]|$/);
  const end = input.search(/@|$/);
  if (slash < 0) {
    const name = input.slice(0, nameEnd);
    if (name === "localhost" || name.includes(".")) {
      say("HOST_AS_NAME", 0, end, `this is an image of ${domain}: add / and a name`);
    }
  } else if (input.startsWith(`${domain}/`)) {
    const port = /:(\d+)$/.exec(domain)?.[1] ?? "1";
    const lower = domain.toLowerCase();
    if (HUB_ALIAS.test(lower) && domain !== DOCKER_HUB) {
      say("HUB_ALIAS", 0, slash, `Docker Hub is ${DOCKER_HUB}`, path.includes("/") ? DOCKER_HUB : undefined);
    } else if (lower !== domain) {
      const text = /[.:]/.test(domain) ? lower : undefined;
      say("DOMAIN_UPPERCASE", 0, slash, "credentials go by this spelling", text);
    }
    if (!(Number(port) > 0 && Number(port) <= MAX_PORT)) {
      say("PORT_OUT_OF_RANGE", slash - port.length, port.length, `ports are 1 to ${MAX_PORT}`);
    }
  }
  if (digest === undefined) {
    if (tag === undefined) say("TAG_MISSING", 0, end, "without a tag this is latest");
    if (tag === "latest") say("TAG_LATEST", nameEnd + 1, 6, "latest can change");
    say("DIGEST_MISSING", 0, end, "without a digest this can change");
  } else if (!isVerifiableDigest(digest)) {
    say("DIGEST_UNVERIFIABLE", end + 1, digest.length, "nothing can verify this");
  }
  return found;
}
