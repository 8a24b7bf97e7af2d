import { decodeBase64 } from "./base64.ts";
import { byteStream } from "./byte-stream.ts";
import type { Descriptor } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { createHasher, digestAlgorithm } from "./hasher.ts";
import { LIMITS } from "./limits.ts";
import type { ByteStream } from "./store.ts";

/** Counts and hashes bytes against a descriptor. Lives as long as the content, over resumed requests. */
export interface Verifier {
  /** Bytes seen so far. */
  readonly received: number;
  /** Takes the next bytes; `SIZE_MISMATCH` as soon as they pass the size. */
  write(chunk: Uint8Array): void;
  /** To be called once, at the end: `SIZE_MISMATCH` where bytes are missing, `DIGEST_MISMATCH` where they are others. */
  end(): void;
}

/**
 * Starts to verify content. Throws at once, before anything is read, where the digest cannot be verified (`INVALID`,
 * `UNSUPPORTED`) or the size cannot be true (`INVALID`).
 *
 * @example
 * ```ts
 * import { createVerifier, digestOf } from "@reg/content";
 * const bytes = new TextEncoder().encode("hello");
 * const verifier = createVerifier({ digest: digestOf(bytes), size: 5 });
 * verifier.write(bytes);
 * verifier.end();
 * ```
 */
export function createVerifier(descriptor: Pick<Descriptor, "digest" | "size">): Verifier {
  const { digest, size } = descriptor;
  assertSize(size);
  const hasher = createHasher(digestAlgorithm(digest));
  let received = 0;
  return {
    get received() {
      return received;
    },
    write(chunk) {
      received += chunk.byteLength;
      if (received > size) {
        throw new ContentError("SIZE_MISMATCH", `${digest} has more than the ${size} bytes announced.`);
      }
      hasher.update(chunk);
    },
    end() {
      if (received < size) {
        throw new ContentError("SIZE_MISMATCH", `${digest} ended after ${received} of ${size} bytes.`);
      }
      const actual = hasher.digest();
      if (actual !== digest) {
        throw new ContentError(
          "DIGEST_MISMATCH",
          `The content of ${digest} is wrong: its digest is ${actual}.`,
        );
      }
    },
  };
}

/** Refuses a size that is not a whole number of bytes, or larger than anything a registry stores: code `INVALID`. */
export function assertSize(size: number): void {
  if (!Number.isInteger(size) || size < 0 || size > LIMITS.contentBytes) {
    throw new ContentError(
      "INVALID",
      `A descriptor's size must be a whole number of bytes, not ${String(size)}.`,
    );
  }
}

/** Verifies bytes that are all there: `SIZE_MISMATCH`, `DIGEST_MISMATCH`. */
export function verifyBytes(descriptor: Pick<Descriptor, "digest" | "size">, bytes: Uint8Array): void {
  const verifier = createVerifier(descriptor);
  verifier.write(bytes);
  verifier.end();
}

/**
 * Wraps chunks in a stream that verifies them: the error comes out of the iteration, so that whoever reads to the end
 * has read the right bytes.
 */
export function verifiedStream(
  descriptor: Pick<Descriptor, "digest" | "size">,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  release?: () => void | Promise<void>,
): ByteStream {
  const verifier = createVerifier(descriptor);
  async function* verified(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      verifier.write(chunk);
      yield chunk;
    }
    verifier.end();
  }
  return byteStream(verified(), descriptor.size, release);
}

/**
 * The content that a descriptor carries itself in `data`, verified (image-spec, descriptor.md, "Embedded Content").
 * `undefined` where there is none; `INVALID`, `SIZE_MISMATCH` or `DIGEST_MISMATCH` where it is not the content.
 */
export function inlineData(descriptor: Descriptor): Uint8Array | undefined {
  const { data, size, digest } = descriptor;
  if (data === undefined) return undefined;
  if (size > LIMITS.inlineDataBytes || data.length > Math.ceil(LIMITS.inlineDataBytes / 3) * 4) {
    throw new ContentError("SIZE_EXCEEDED", `The data carried by the descriptor of ${digest} is too large.`);
  }
  const bytes = decodeBase64(data);
  verifyBytes(descriptor, bytes);
  return bytes;
}
