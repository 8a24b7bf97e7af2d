import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { Digest } from "@reg/reference";
import { ContentError } from "./errors.ts";
import { quote } from "./quote.ts";

/** The algorithms content can be verified, fetched and stored by (image-spec, descriptor.md, "Registered Algorithms"). */
export type DigestAlgorithm = "sha256" | "sha512";

/** Hashes bytes as they pass. */
export interface Hasher {
  readonly algorithm: DigestAlgorithm;
  update(chunk: Uint8Array): void;
  /** The digest of everything so far. Ends the hasher: it is called once. */
  digest(): Digest;
}

/**
 * A hasher that uses the runtime's own implementation where it has a synchronous one (Node, Deno, Bun) and
 * `@noble/hashes` elsewhere.
 *
 * @example
 * ```ts
 * import { createHasher } from "@reg/content";
 * const hasher = createHasher("sha256");
 * hasher.update(new TextEncoder().encode("{}"));
 * console.log(hasher.digest()); // sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
 * ```
 */
export function createHasher(algorithm: DigestAlgorithm = "sha256"): Hasher {
  hasherOf ??= nodeHasher() ?? portableHasher;
  return hasherOf(algorithm);
}

/** The digest of bytes that are all there. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  const hasher = createHasher(algorithm);
  hasher.update(bytes);
  return hasher.digest();
}

/**
 * The algorithm of a digest that content can be stored and verified by. To be called before a digest becomes part of a
 * path or URL: it throws a {@link ContentError} with code `INVALID` where the digest is malformed (wrong length, upper
 * case, a path in it), `UNSUPPORTED` where the algorithm is another.
 */
export function digestAlgorithm(digest: string): DigestAlgorithm {
  const name = digest.slice(0, Math.max(digest.indexOf(":"), 0));
  // HEX_DIGITS has no other keys.
  if (isVerifiable(digest)) return name as DigestAlgorithm;
  const hexDigits = HEX_DIGITS.get(name);
  if (hexDigits !== undefined) {
    throw new ContentError(
      "INVALID",
      `The digest ${quote(digest, 80)} is malformed: ${name} is followed by exactly ${hexDigits} lower-case hex digits.`,
    );
  }
  if (!isDigestSyntax(digest)) {
    throw new ContentError(
      "INVALID",
      `${quote(digest, 80)} is not a digest: write algorithm:hex, as in sha256:….`,
    );
  }
  throw new ContentError(
    "UNSUPPORTED",
    `The digest ${quote(digest, 80)} cannot be verified: the algorithms supported are sha256 and sha512.`,
  );
}

/**
 * Whether the text is a digest that content can be stored and verified by. Names of tags are not: those of a docker
 * archive (`app:latest`) have the grammar of a digest, but not its algorithm.
 */
export function isVerifiable(text: string): text is Digest {
  const colon = text.indexOf(":");
  const hexDigits = HEX_DIGITS.get(text.slice(0, Math.max(colon, 0)));
  return hexDigits !== undefined && text.length - colon - 1 === hexDigits && isLowerHex(text, colon + 1);
}

/** Whether the text has the grammar of a digest, of whatever algorithm (image-spec, descriptor.md, "Digests"). */
export function isDigestSyntax(text: string): boolean {
  const colon = text.indexOf(":");
  if (colon <= 0 || colon === text.length - 1 || text.length > MAX_DIGEST_CHARACTERS) return false;
  let separator = true;
  for (let i = 0; i < colon; i += 1) {
    const c = text.charCodeAt(i);
    const alphanumeric = (c >= 97 && c <= 122) || (c >= 48 && c <= 57);
    if (!alphanumeric && (separator || !(c === 43 || c === 46 || c === 45 || c === 95))) return false;
    separator = !alphanumeric;
  }
  if (separator) return false;
  for (let i = colon + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const word = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57);
    if (!word && c !== 61 && c !== 95 && c !== 45) return false;
  }
  return true;
}

const HEX_DIGITS: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha512", 128],
]);

/** Twice the longest registered digest: nothing longer is worth a look. */
const MAX_DIGEST_CHARACTERS = 280;

function isLowerHex(text: string, from: number): boolean {
  for (let i = from; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (!((c >= 48 && c <= 57) || (c >= 97 && c <= 102))) return false;
  }
  return true;
}

/** What is used of `node:crypto`, so that nothing of Node is imported, not even by type. */
interface NodeCrypto {
  createHash(algorithm: string): {
    update(chunk: Uint8Array): unknown;
    digest(encoding: "hex"): string;
  };
}

/** Chosen with the first hash: loading Node's takes milliseconds, which a program that starts can do without. */
let hasherOf: ((algorithm: DigestAlgorithm) => Hasher) | undefined;

function nodeHasher(): ((algorithm: DigestAlgorithm) => Hasher) | undefined {
  // `process` is not declared in a neutral package; only this one member of it is looked for.
  const { process } = globalThis as { process?: { getBuiltinModule?(id: string): unknown } };
  // The module named node:crypto has this shape in every runtime that has one.
  const crypto = process?.getBuiltinModule?.("node:crypto") as NodeCrypto | undefined;
  if (typeof crypto?.createHash !== "function") return undefined;
  return (algorithm) => {
    const hash = crypto.createHash(algorithm);
    return {
      algorithm,
      update: (chunk) => void hash.update(chunk),
      // The algorithm and as many hex digits as it has: a digest by construction.
      digest: () => `${algorithm}:${hash.digest("hex")}` as Digest,
    };
  };
}

function portableHasher(algorithm: DigestAlgorithm): Hasher {
  const hash = (algorithm === "sha256" ? sha256 : sha512).create();
  return {
    algorithm,
    update: (chunk) => void hash.update(chunk),
    digest: () => {
      let hex = "";
      for (const byte of hash.digest()) hex += byte.toString(16).padStart(2, "0");
      // As above.
      return `${algorithm}:${hex}` as Digest;
    },
  };
}
