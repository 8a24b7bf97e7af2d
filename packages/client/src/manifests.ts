import type { Descriptor, ParsedManifest } from "@reg/content";
import type { Digest } from "@reg/reference";
import { accessTo, digestIn, referenceOf } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { getManifest, getManifestIfChanged, headManifest } from "./manifest-read.ts";
import { assertCurrent, deleteManifest, putManifest } from "./manifest-write.ts";
import type { CallOptions, Ref } from "./options.ts";
import { isTag } from "./tag-name.ts";
import type { Wire } from "./wire.ts";

/** A manifest as bytes and as a document, and the tag of its version where the registry gives one. */
export type Manifest = ParsedManifest & { readonly etag?: string | undefined };

/** What a `HEAD` tells. */
export interface ManifestHead {
  readonly descriptor: Descriptor;
  readonly etag?: string | undefined;
}

export interface GetManifestOptions extends CallOptions {
  /** Media types to ask for; default every one that is understood, signed schema 1 last. */
  readonly accept?: readonly string[] | undefined;
}

export interface PutManifestOptions extends CallOptions {
  /** Default: what the document says of itself. */
  readonly mediaType?: string | undefined;
  /** More tags for the same manifest: in one request where the registry can, singly elsewhere. */
  readonly tags?: readonly string[] | undefined;
  /**
   * Only where every tag still has this version, an ETag or a digest: told by a `HEAD` before, and by the registry where
   * it heeds `If-Match` (RFC 9110, 13.1.1). Where it does not, a write of another between the two is not noticed.
   */
  readonly ifMatch?: string | undefined;
  /** Only where the tag does not exist yet. Checked by the registry where it can, by a `HEAD` before elsewhere. */
  readonly noClobber?: boolean | undefined;
}

export interface PutManifestResult {
  readonly descriptor: Descriptor;
  /** Tags that now name it. */
  readonly tags: readonly string[];
  /** The subject, where the registry says it has listed this manifest among its referrers (`OCI-Subject`). */
  readonly subject?: Digest | undefined;
}

/** Whether something is there; `unknown` where the registry does not let that be told (401, 403). */
export type Existence = "yes" | "no" | "unknown";

/**
 * Manifests of any registry (distribution-spec, "Pulling manifests", "Pushing Manifests"). A reference without tag and
 * digest is `latest`, but for `put`, which then stores under the digest alone.
 *
 * Errors: every code of {@link RegistryError}; `PROTOCOL` for a document that is wrong, `DIGEST_MISMATCH` for one that is
 * another than asked for.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * const manifest = await client.manifests.get("docker.io/library/alpine:3");
 * if (manifest.kind === "index") console.log(manifest.document.manifests.length);
 * console.log(manifest.descriptor.digest, manifest.bytes.byteLength);
 * ```
 */
export interface Manifests {
  /** Media type, digest and size by `HEAD`; by `GET` only where the registry's `HEAD` does not tell. */
  head(ref: Ref, options?: GetManifestOptions): Promise<ManifestHead>;
  /** One `GET`, verified by digest; a tag's by the digest the registry names. */
  get(ref: Ref, options?: GetManifestOptions): Promise<Manifest>;
  /** For polling: `undefined` while the version `etag` (or digest) names is still the current one. */
  getIfChanged(ref: Ref, etag: string, options?: GetManifestOptions): Promise<Manifest | undefined>;
  digest(ref: Ref, options?: GetManifestOptions): Promise<Digest>;
  exists(ref: Ref, options?: CallOptions): Promise<Existence>;
  /** Stores the bytes as they are, under the reference's tag, or its digest. */
  put(ref: Ref, bytes: Uint8Array, options?: PutManifestOptions): Promise<PutManifestResult>;
  /** Deletes the manifest a digest names, and all its tags with it. For one tag alone: `tags.delete`. */
  delete(ref: Ref, options?: CallOptions): Promise<void>;
  /** Names another tag for what `ref` names, the manifest's bytes unchanged and no blob moved. */
  retag(ref: Ref, tags: readonly string[], options?: CallOptions): Promise<PutManifestResult>;
}

export class RegistryManifests implements Manifests {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async head(ref: Ref, options: GetManifestOptions = {}): Promise<ManifestHead> {
    const access = accessTo(this.#wire, ref, "pull");
    return headManifest(access, referenceOf(access.target), options);
  }

  async get(ref: Ref, options: GetManifestOptions = {}): Promise<Manifest> {
    const access = accessTo(this.#wire, ref, "pull");
    return getManifest(access, referenceOf(access.target), options);
  }

  async getIfChanged(
    ref: Ref,
    etag: string,
    options: GetManifestOptions = {},
  ): Promise<Manifest | undefined> {
    const access = accessTo(this.#wire, ref, "pull");
    return getManifestIfChanged(access, referenceOf(access.target), etag, options);
  }

  async digest(ref: Ref, options: GetManifestOptions = {}): Promise<Digest> {
    return (await this.head(ref, options)).descriptor.digest;
  }

  async exists(ref: Ref, options: CallOptions = {}): Promise<Existence> {
    try {
      await this.head(ref, options);
      return "yes";
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      if (error.code === "NOT_FOUND") return "no";
      if (error.code === "UNAUTHENTICATED" || error.code === "FORBIDDEN") return "unknown";
      throw error;
    }
  }

  async put(ref: Ref, bytes: Uint8Array, options: PutManifestOptions = {}): Promise<PutManifestResult> {
    const access = accessTo(this.#wire, ref, "pull,push");
    const { tag, digest } = access.target;
    const tags = [...new Set([...(tag === undefined ? [] : [tag]), ...(options.tags ?? [])])];
    tags.forEach(assertTag);
    const { ifMatch } = options;
    const version = ifMatch === undefined ? undefined : await assertCurrent(access, tags, ifMatch, options);
    return putManifest(access, bytes, {
      ...options,
      tags,
      digest,
      byDigest: digest !== undefined,
      ifMatch: version,
    });
  }

  async delete(ref: Ref, options: CallOptions = {}): Promise<void> {
    const access = accessTo(this.#wire, ref, "delete");
    await deleteManifest(access, digestIn(access.target), options);
  }

  async retag(ref: Ref, tags: readonly string[], options: CallOptions = {}): Promise<PutManifestResult> {
    const access = accessTo(this.#wire, ref, "pull,push");
    tags.forEach(assertTag);
    const { bytes, mediaType } = await getManifest(access, referenceOf(access.target), options);
    return putManifest(access, bytes, { ...options, mediaType, tags, byDigest: false });
  }
}

/** Refuses what is no tag before it becomes part of a URL (distribution-spec, "Pulling manifests", <reference>). */
function assertTag(tag: string): void {
  if (isTag(tag)) return;
  throw new RegistryError("INVALID", `${JSON.stringify(tag.slice(0, 140))} is not a tag.`);
}
