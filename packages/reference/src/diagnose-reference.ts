import { isVerifiableDigest } from "./digest.ts";
import type { InvalidReferenceCode, InvalidReferenceError } from "./invalid-reference-error.ts";
import { type ParseOptions, safeParseReference } from "./parse-reference.ts";
import { DOCKER_HUB, LEGACY_DOCKER_HUB } from "./parts.ts";
import { familiarName, type Reference } from "./reference.ts";

/** The highest port that TCP has. */
const MAX_PORT = 65_535;

/**
 * - `TAG_MISSING`: neither tag nor digest, so it is `latest`. `TAG_LATEST`: it says so itself.
 * - `DIGEST_MISSING` (a note): what is fetched can change from one day to the next.
 * - `DIGEST_UNVERIFIABLE`: of an algorithm that registries and clients do not check.
 * - `DIGEST_AS_TAG`: a digest without a name reads as an image and a tag.
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
  | "DIGEST_AS_TAG"
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
 * diagnoseReference("ghcr.io/Owner/app")[0]?.fix; // { offset: 8, length: 9, text: "owner/app" }
 */
export function diagnoseReference(input: string, options?: ParseOptions): readonly Diagnostic[] {
  const result = safeParseReference(input, options);
  return result.ok ? warn(input, result.reference) : [explain(result.error)];
}

function explain({ input, code, offset, length, hint }: InvalidReferenceError): Diagnostic {
  const span = input.slice(offset, offset + length);
  const fix: Fix | undefined = code.endsWith("UPPERCASE")
    ? { offset, length, text: span.toLowerCase() }
    : code === "SCHEME"
      ? { offset, length, text: "" }
      : code === "CHARACTER_INVALID"
        ? { offset: 0, length: input.length, text: input.trim() }
        : undefined;
  const diagnostic: Diagnostic = { severity: "error", code, offset, length, message: hint };
  return fix !== undefined && safeParseReference(apply(input, fix)).ok ? { ...diagnostic, fix } : diagnostic;
}

function warn(input: string, reference: Reference): readonly Diagnostic[] {
  const { domain, path, tag, digest } = reference;
  const found: Diagnostic[] = [];
  const say = (code: WarningCode, offset: number, length: number, message: string, fix?: string): void => {
    const severity = code === "DIGEST_MISSING" ? "note" : "warning";
    const diagnostic: Diagnostic = { severity, code, offset, length, message };
    found.push(fix === undefined ? diagnostic : { ...diagnostic, fix: { offset, length, text: fix } });
  };

  const end = digest === undefined ? input.length : input.length - digest.length - 1;
  const nameEnd =
    tag === undefined || input.charAt(end - tag.length - 1) !== ":" ? end : end - tag.length - 1;
  const slash = input.indexOf("/");
  if (slash < 0) {
    const name = input.slice(0, nameEnd);
    const read = `this is ${familiarName(reference)} of ${domain}`;
    if (name === "localhost" || name.includes("."))
      say("HOST_AS_NAME", 0, end, `${read}: add a slash and a name`);
    if (/^sha\d+$/.test(name) && (tag ?? "").length >= 64)
      say("DIGEST_AS_TAG", 0, end, `${read}: write NAME@ before it`);
  } else if (input.startsWith(`${domain}/`)) {
    const [host = "", port = "1"] = domain.startsWith("[") ? ["", domain.split("]:")[1]] : domain.split(":");
    const lower = domain.toLowerCase();
    if (isHub(lower) && domain !== DOCKER_HUB) {
      say(
        "HUB_ALIAS",
        0,
        slash,
        `only ${DOCKER_HUB} is Docker Hub`,
        path.includes("/") ? DOCKER_HUB : undefined,
      );
    } else if (lower !== domain) {
      const message = "read as a registry, whose credentials are looked up in this spelling";
      say("DOMAIN_UPPERCASE", 0, slash, message, /[.:]/.test(host) ? lower : undefined);
    }
    if (Number(port) > MAX_PORT || Number(port) === 0) {
      say("PORT_OUT_OF_RANGE", slash - port.length, port.length, `ports are 1 to ${MAX_PORT}`);
    }
  }
  if (digest === undefined) {
    if (nameEnd === end) say("TAG_MISSING", 0, end, "without a tag this is latest");
    else if (tag === "latest") say("TAG_LATEST", nameEnd + 1, 6, "latest can be another image tomorrow");
    say("DIGEST_MISSING", 0, end, "without a digest the image can change");
  } else if (!isVerifiableDigest(digest)) {
    say("DIGEST_UNVERIFIABLE", end + 1, digest.length, "only sha256 and sha512 can be verified");
  }
  return found;
}

function isHub(domain: string): boolean {
  const host = domain.endsWith(":443") ? domain.slice(0, -4) : domain;
  return [DOCKER_HUB, LEGACY_DOCKER_HUB, "registry-1.docker.io", "registry.hub.docker.com"].includes(host);
}

function apply(input: string, { offset, length, text }: Fix): string {
  return input.slice(0, offset) + text + input.slice(offset + length);
}
