import { type Digest, isDigest } from "./digest.ts";
import { isIdentifier } from "./explain.ts";
import { type ParseOptions, parseReference } from "./parse-reference.ts";
import type { Reference } from "./reference.ts";

/**
 * Reads what a local engine takes for an image: 64 hex digits, a digest, or else a reference. The first two come
 * back as a digest (a string).
 *
 * @throws InvalidReferenceError as {@link parseReference} does.
 * @example
 * ```ts
 * const target = parseAnyReference("ubuntu:24.04");
 * if (typeof target !== "string") console.log(target.name);
 * ```
 */
export function parseAnyReference(input: string, options?: ParseOptions): Reference | Digest {
  // Sixty-four hex digits complete the algorithm's name to a digest.
  if (isIdentifier(input)) return `sha256:${input}` as Digest;
  return isDigest(input) ? input : parseReference(input, options);
}
