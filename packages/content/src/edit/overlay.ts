import { byteStream, bytesStream } from "../byte-stream.ts";
import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { digestOf } from "../hasher.ts";
import { encodeJson } from "../json.ts";
import type { ContentBody, ContentSource } from "../store.ts";
import { verifiedStream } from "../verifier.ts";

/** Content that was made and is stored nowhere yet: `copy(made.source, made.descriptor.digest, …)` does that. */
export interface MadeContent {
  /** Everything below the descriptor, what was made and what it was made from. */
  readonly source: ContentSource;
  readonly descriptor: Descriptor;
}

/** New content over the stores that it refers to. */
export interface Overlay extends ContentSource {
  /** Adds content. */
  add(descriptor: Descriptor, body: ContentBody): Descriptor;
  /** Adds a JSON document, as bytes that do not change again. */
  addJson(mediaType: string, value: unknown): Descriptor;
  /** From here on, this content comes from another store than the first. */
  from(descriptor: Descriptor, store: ContentSource): void;
}

/** Starts with nothing new over a base; without one, there is nothing but what is added. */
export function createOverlay(base?: ContentSource): Overlay {
  const made = new Map<string, { readonly descriptor: Descriptor; readonly body: ContentBody }>();
  const owners = new Map<string, ContentSource>();
  const storeOf = (digest: string): ContentSource => {
    const owner = owners.get(digest) ?? base;
    if (owner === undefined) throw new ContentError("NOT_FOUND", `There is no content ${digest}.`);
    return owner;
  };

  const overlay: Overlay = {
    // Who only reads through the overlay counts as asking the base.
    host: base?.host,

    add(descriptor, body) {
      made.set(descriptor.digest, { descriptor, body });
      return descriptor;
    },

    addJson(mediaType, value) {
      const bytes = encodeJson(value);
      return overlay.add({ mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes);
    },

    from(descriptor, store) {
      owners.set(descriptor.digest, store);
    },

    async resolve(ref, options) {
      return made.get(ref)?.descriptor ?? storeOf(ref).resolve(ref, options);
    },

    async fetch(descriptor, options = {}) {
      const found = made.get(descriptor.digest);
      if (found === undefined) return storeOf(descriptor.digest).fetch(descriptor, options);
      const { body } = found;
      const { offset = 0, signal } = options;
      if (body instanceof Uint8Array) return bytesStream(body.subarray(offset));
      if (offset === 0) return verifiedStream(descriptor, body.open(0, signal));
      return byteStream(body.open(offset, signal), descriptor.size - offset);
    },

    async exists(descriptor, options) {
      return made.has(descriptor.digest) || storeOf(descriptor.digest).exists(descriptor, options);
    },

    async *referrers(descriptor, options) {
      // Nothing can refer yet to what was made just now.
      if (made.has(descriptor.digest)) return;
      const store = storeOf(descriptor.digest);
      if (store.referrers === undefined)
        throw new ContentError("UNSUPPORTED", "The store below cannot list what refers to its manifests.");
      yield* store.referrers(descriptor, options);
    },

    async fetchInto(descriptor, sink, options = {}) {
      const owner = made.has(descriptor.digest) ? overlay : storeOf(descriptor.digest);
      if (owner !== overlay && owner.fetchInto !== undefined) {
        await owner.fetchInto(descriptor, sink, options);
        return;
      }
      for await (const chunk of await owner.fetch(descriptor, options)) await sink.write(chunk);
    },
  };
  overlays.set(overlay, (digest) => (made.has(digest) ? undefined : (owners.get(digest) ?? base)));
  return overlay;
}

/**
 * The store that content of this source really lies in, for what only that store can do: be mounted from. `undefined`
 * where it was made and lies nowhere yet.
 */
export function ownerOf(source: ContentSource, descriptor: Descriptor): ContentSource | undefined {
  let owner: ContentSource | undefined = source;
  while (owner !== undefined) {
    const look = overlays.get(owner);
    if (look === undefined) return owner;
    owner = look(descriptor.digest);
  }
  return undefined;
}

const overlays = new WeakMap<ContentSource, (digest: string) => ContentSource | undefined>();
