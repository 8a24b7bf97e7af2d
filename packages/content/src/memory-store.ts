import { bytesStream } from "./byte-stream.ts";
import type { Descriptor } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { digestAlgorithm, isVerifiable } from "./hasher.ts";
import { LIMITS } from "./limits.ts";
import { isManifestType } from "./media-types.ts";
import { artifactTypeOf, parseManifest, subjectOf } from "./parse-manifest.ts";
import { quote } from "./quote.ts";
import type { ContentBody, ContentTarget } from "./store.ts";
import { verifiedStream, verifyBytes } from "./verifier.ts";

/** A store that lasts as long as the process: everything a {@link ContentTarget} can do that needs no network. */
export interface MemoryStore extends ContentTarget {
  referrers: NonNullable<ContentTarget["referrers"]>;
  tags: NonNullable<ContentTarget["tags"]>;
  untag: NonNullable<ContentTarget["untag"]>;
  delete: NonNullable<ContentTarget["delete"]>;
}

/**
 * Makes an empty store in memory, for tests, and for what is assembled before it is pushed.
 *
 * @throws {@link ContentError} from its methods: `NOT_FOUND`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `INVALID`,
 * `UNSUPPORTED`.
 *
 * @example
 * ```ts
 * import { digestOf, memoryStore } from "@reg/content";
 * const store = memoryStore();
 * const bytes = new TextEncoder().encode("hello");
 * const descriptor = { mediaType: "text/plain", digest: digestOf(bytes), size: bytes.byteLength };
 * await store.push(descriptor, bytes);
 * console.log(await store.exists(descriptor)); // true
 * ```
 */
export function memoryStore(): MemoryStore {
  const contents = new Map<string, Uint8Array>();
  const manifests = new Map<string, Descriptor>();
  const tags = new Map<string, Descriptor>();
  const referrers = new Map<string, Map<string, Descriptor>>();

  const bytesOf = (descriptor: Descriptor): Uint8Array => {
    const bytes = contents.get(descriptor.digest);
    if (bytes === undefined)
      throw new ContentError("NOT_FOUND", `The store has no content ${descriptor.digest}.`);
    return bytes;
  };

  return {
    async resolve(ref, options) {
      options?.signal?.throwIfAborted();
      const found = tags.get(ref) ?? manifests.get(ref);
      if (found !== undefined) return found;
      const what = isVerifiable(ref) ? "manifest" : "tag";
      throw new ContentError("NOT_FOUND", `The store has no ${what} ${quote(ref)}.`);
    },

    async fetch(descriptor, options = {}) {
      const { offset = 0, signal, verify = true } = options;
      signal?.throwIfAborted();
      const bytes = bytesOf(descriptor);
      if (offset > 0) return bytesStream(bytes.subarray(offset));
      return verify ? verifiedStream(descriptor, [bytes]) : bytesStream(bytes);
    },

    async exists(descriptor, options) {
      options?.signal?.throwIfAborted();
      return contents.has(descriptor.digest);
    },

    async push(descriptor, body, options = {}) {
      const { signal, onBytes } = options;
      signal?.throwIfAborted();
      digestAlgorithm(descriptor.digest);
      if (contents.has(descriptor.digest) && !isManifestType(descriptor.mediaType)) return;
      const bytes = await collect(descriptor, body, signal);
      onBytes?.(bytes.byteLength);
      if (isManifestType(descriptor.mediaType)) {
        const manifest = parseManifest(bytes, descriptor.mediaType);
        const plain = { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
        const subject = subjectOf(manifest);
        if (subject !== undefined && manifest.kind !== "schema1") {
          const artifactType = artifactTypeOf(manifest);
          const { annotations } = manifest.document;
          const entries = referrers.get(subject.digest) ?? new Map<string, Descriptor>();
          referrers.set(subject.digest, entries);
          entries.set(descriptor.digest, {
            ...plain,
            ...(artifactType === undefined ? {} : { artifactType }),
            ...(annotations === undefined ? {} : { annotations }),
          });
        }
        manifests.set(descriptor.digest, plain);
      }
      contents.set(descriptor.digest, bytes);
    },

    async tag(descriptor, ref, options) {
      options?.signal?.throwIfAborted();
      const manifest = manifests.get(descriptor.digest);
      if (manifest === undefined) {
        throw new ContentError(
          "NOT_FOUND",
          `The store has no manifest ${descriptor.digest} to tag ${quote(ref)}.`,
        );
      }
      // A digest names it already.
      if (!isVerifiable(ref)) tags.set(ref, manifest);
    },

    async untag(ref, options) {
      options?.signal?.throwIfAborted();
      if (!tags.delete(ref)) throw new ContentError("NOT_FOUND", `The store has no tag ${quote(ref)}.`);
    },

    async delete(descriptor, options) {
      options?.signal?.throwIfAborted();
      bytesOf(descriptor);
      contents.delete(descriptor.digest);
      manifests.delete(descriptor.digest);
      for (const entries of referrers.values()) entries.delete(descriptor.digest);
      for (const [ref, { digest }] of tags) if (digest === descriptor.digest) tags.delete(ref);
    },

    async *referrers(descriptor, options = {}) {
      const { artifactType, signal } = options;
      for (const entry of [...(referrers.get(descriptor.digest)?.values() ?? [])]) {
        signal?.throwIfAborted();
        if (artifactType === undefined || entry.artifactType === artifactType) yield entry;
      }
    },

    async *tags(options = {}) {
      for (const tag of [...tags.keys()].sort()) {
        options.signal?.throwIfAborted();
        yield tag;
      }
    },
  };
}

async function collect(
  descriptor: Descriptor,
  body: ContentBody,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) {
    verifyBytes(descriptor, body);
    return new Uint8Array(body);
  }
  if (isManifestType(descriptor.mediaType) && descriptor.size > LIMITS.manifestBytes) {
    throw new ContentError("SIZE_EXCEEDED", `A manifest has at most ${LIMITS.manifestBytes} bytes.`);
  }
  return verifiedStream(descriptor, body.open(0, signal)).bytes(descriptor.size);
}
