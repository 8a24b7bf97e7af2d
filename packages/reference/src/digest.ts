import { explainDigest } from "./explain-digest.ts";
import { scanDigest } from "./scan.ts";

declare const brand: unique symbol;

/** The name of content: `sha256:` and 64 hex digits, or another registered algorithm and its digits. */
export type Digest = string & { readonly [brand]: "Digest" };

export interface DigestOptions {
  /**
   * Takes algorithms that are not registered too, by the grammar of descriptors (image-spec, "Digests"): such a
   * digest can be passed on, and nothing can verify what it names. A registered algorithm is held to its length.
   */
  readonly anyAlgorithm?: boolean;
}

/**
 * The digest, once it is known to be well-formed: `sha256`, `sha384` or `sha512` and exactly as many lower-case
 * hex digits as that has.
 *
 * @throws InvalidReferenceError `DIGEST_EMPTY`, `DIGEST_INVALID`, `DIGEST_UPPERCASE`, `DIGEST_LENGTH` or
 * `DIGEST_UNSUPPORTED`.
 * @example
 * ```ts
 * const digest = parseDigest(`sha256:${"0".repeat(64)}`);
 * digestAlgorithm(digest); // "sha256"
 * ```
 */
export function parseDigest(input: string, options?: DigestOptions): Digest {
  if (isDigest(input, options)) return input;
  throw explainDigest(input, 0, isAnyDigest(input));
}

/** Whether {@link parseDigest} would take it. */
export function isDigest(input: string, options?: DigestOptions): input is Digest {
  if (scanDigest(input, 0) === input.length) return true;
  return options?.anyAlgorithm === true && isAnyDigest(input);
}

/** What stands before the colon: `sha256`. */
export function digestAlgorithm(digest: Digest): string {
  return digest.replace(/:.*/, "");
}

/** What stands after the colon: the hex digits. */
export function digestEncoded(digest: Digest): string {
  return digest.replace(/.*:/, "");
}

/** Whether content of this digest can be checked: `sha256` and `sha512` (image-spec, "Registered Algorithms"). */
export function isVerifiableDigest(digest: Digest): boolean {
  return /^sha(256|512):/.test(digest);
}

/** Of an algorithm that is not registered; each character can match in one way alone. */
function isAnyDigest(input: string): boolean {
  return /^(?!sha(256|384|512):)[a-z\d]+([+._-][a-z\d]+)*:[\w=-]+$/.test(input);
}
