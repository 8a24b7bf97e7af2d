import {
  type ByteSink,
  type ByteStream,
  bytesStream,
  type ContentBody,
  type ContentSource,
  type ContentTarget,
  type Descriptor,
  type FetchedManifest,
  type FetchOptions,
  isManifestType,
  type PushOptions,
  type StoreOptions,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { type Access, accessTo, withActions } from "./access.ts";
import { deleteBlob } from "./blob-delete.ts";
import { BlobDownload } from "./blob-download.ts";
import { hasBlob } from "./blob-head.ts";
import { pushBlob } from "./blob-push.ts";
import { RegistryError } from "./errors.ts";
import { getManifest, headManifest, MANIFEST_ACCEPT_FIELD } from "./manifest-read.ts";
import { deleteManifest, putManifest } from "./manifest-write.ts";
import type { Ref } from "./options.ts";
import { listReferrers } from "./referrers.ts";
import { repositoryScope } from "./scopes.ts";
import { deleteTag, listTags } from "./tags.ts";
import { postMount, type UploadSession } from "./upload-session.ts";
import { UploadSource } from "./upload-source.ts";
import { manifestUrl } from "./urls.ts";
import type { Wire } from "./wire.ts";

/**
 * A repository of a registry as a place to copy from and to.
 *
 * @example
 * ```ts
 * import { copy, memoryStore } from "@reg/content";
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * const repository = client.repository("localhost:5000/demo", { write: false });
 * await copy(repository, "1.0", memoryStore(), "1.0");
 * ```
 */
export interface Repository extends ContentTarget {
  /** As references know it: `docker.io`. */
  readonly registry: string;
  /** The path: `library/ubuntu`. */
  readonly repository: string;
  /** `docker.io/library/ubuntu` */
  readonly name: string;
}

/** What a repository is opened for. */
export interface RepositoryUse {
  /** Whether anything is written: tokens are asked for accordingly. Default true. */
  readonly write?: boolean | undefined;
  /** The path of a repository of the same registry that blobs may be mounted from. */
  readonly mountFrom?: string | undefined;
}

const BRAND = Symbol.for("@reg/client/repository");

export class RemoteRepository implements Repository {
  static {
    Object.defineProperty(RemoteRepository.prototype, BRAND, { value: true });
  }

  readonly remote = true;
  readonly registry: string;
  readonly repository: string;
  readonly name: string;
  readonly origin: string;
  /** What budgets of requests are counted by: the registry's name. */
  readonly host: string;
  readonly #access: Access;
  readonly #writes: boolean;
  /** Uploads that refused mounts have begun. */
  readonly #begun = new Map<Digest, UploadSession>();

  constructor(wire: Wire, ref: Ref, { write = true, mountFrom }: RepositoryUse = {}) {
    const access = accessTo(wire, ref, write ? "pull,push" : "pull");
    const also = mountFrom === undefined ? [] : [repositoryScope(mountFrom, "pull")];
    this.#access = { ...access, scopes: [...access.scopes, ...also] };
    this.#writes = write;
    this.registry = access.target.registry;
    this.repository = access.target.repository;
    this.name = access.target.name;
    this.origin = access.target.origin;
    this.host = access.target.registry;
  }

  async resolve(ref: string, options: StoreOptions = {}): Promise<Descriptor> {
    // Where something is to be written, a tag that only seems to be missing costs one request more, and no harm.
    const head = await headManifest(this.#access, ref, { ...options, trustMissing: this.#writes });
    return head.descriptor;
  }

  async fetchManifest(ref: string, options: StoreOptions = {}): Promise<FetchedManifest> {
    const { descriptor, bytes } = await getManifest(this.#access, ref, options);
    return { descriptor, bytes };
  }

  async fetch(descriptor: Descriptor, options: FetchOptions = {}): Promise<ByteStream> {
    if (!isManifestType(descriptor.mediaType)) return this.#download(descriptor, options).stream();
    const bytes = await this.#manifest(descriptor, options);
    return bytesStream(bytes.subarray(options.offset ?? 0));
  }

  async fetchInto(descriptor: Descriptor, sink: ByteSink, options: FetchOptions = {}): Promise<void> {
    if (!isManifestType(descriptor.mediaType)) return this.#download(descriptor, options).into(sink);
    const bytes = await this.#manifest(descriptor, options);
    await sink.write(bytes.subarray(options.offset ?? 0));
  }

  async exists(descriptor: Descriptor, { signal }: StoreOptions = {}): Promise<boolean> {
    if (!isManifestType(descriptor.mediaType)) return hasBlob(this.#access, descriptor.digest, signal);
    const { wire, target, scopes } = this.#access;
    const request = {
      what: `manifest ${target.name}@${descriptor.digest}`,
      target,
      method: "HEAD",
      url: manifestUrl(target, descriptor.digest),
      scopes,
      headers: { accept: MANIFEST_ACCEPT_FIELD },
      signal,
    };
    const response = await wire.done(request, 200, 404);
    return response.status === 200;
  }

  async *referrers(
    descriptor: Descriptor,
    options: StoreOptions & { readonly artifactType?: string | undefined } = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    yield* listReferrers(this.#access, () => descriptor.digest, options);
  }

  async *tags(options: StoreOptions = {}): AsyncGenerator<string, void, undefined> {
    yield* listTags(this.#access, options);
  }

  async push(descriptor: Descriptor, body: ContentBody, options: PushOptions = {}): Promise<void> {
    const { signal, onBytes, onRetry } = options;
    if (isManifestType(descriptor.mediaType)) {
      const bytes = body instanceof Uint8Array ? body : await collect(body, this.#access.wire, signal);
      await this.pushManifest(descriptor, bytes, [], options);
      return;
    }
    const session = this.#begun.get(descriptor.digest);
    this.#begun.delete(descriptor.digest);
    // Whoever copies has verified what it reads; the registry verifies what it gets.
    const source = new UploadSource(body, { onBytes });
    if (source.size !== descriptor.size) {
      throw new RegistryError(
        "SIZE_MISMATCH",
        `${descriptor.digest} has ${descriptor.size} bytes, and ${source.size} are to be pushed.`,
      );
    }
    await pushBlob(this.#access, { digest: descriptor.digest, source, session, onRetry, signal });
  }

  async pushManifest(
    descriptor: Descriptor,
    bytes: Uint8Array,
    refs: readonly string[],
    { signal }: StoreOptions = {},
  ): Promise<void> {
    const { digest, mediaType } = descriptor;
    // A tag alone stands for sha256 (distribution-spec, "Pushing Manifests").
    const byDigest = refs.length === 0 || !digest.startsWith("sha256:");
    await putManifest(this.#access, bytes, { mediaType, digest, tags: refs, byDigest, signal });
  }

  async tag(descriptor: Descriptor, ref: string, options: StoreOptions = {}): Promise<void> {
    const { bytes } = await getManifest(this.#access, descriptor.digest, options);
    await this.pushManifest(descriptor, bytes, [ref], options);
  }

  async untag(ref: string, options: StoreOptions = {}): Promise<void> {
    await deleteTag(withActions(this.#access, "delete"), ref, options);
  }

  async delete(descriptor: Descriptor, { signal }: StoreOptions = {}): Promise<void> {
    const access = withActions(this.#access, "delete");
    const { digest, mediaType } = descriptor;
    if (isManifestType(mediaType)) return deleteManifest(access, digest, { signal });
    await deleteBlob(access, digest, signal);
  }

  canMount(from: ContentSource): boolean {
    return isRepository(from) && from.origin === this.origin && from.repository !== this.repository;
  }

  async mount(descriptor: Descriptor, from: ContentSource, { signal }: StoreOptions = {}): Promise<boolean> {
    if (!isRepository(from) || !this.canMount(from)) return false;
    const scope = repositoryScope(from.repository, "pull");
    const { scopes } = this.#access;
    const access = scopes.includes(scope) ? this.#access : { ...this.#access, scopes: [...scopes, scope] };
    const answer = await postMount(access, descriptor, from.repository, signal);
    if (answer === undefined) return true;
    // The push that follows goes on with it: there is no need to ask for another.
    if (answer !== "refused") this.#begun.set(descriptor.digest, answer);
    return false;
  }

  #download(
    { digest, size }: Descriptor,
    { offset, signal, verify, ranges, onRetry }: FetchOptions,
  ): BlobDownload {
    return new BlobDownload(this.#access, digest, { size, offset, signal, verify, ranges, onRetry });
  }

  async #manifest({ digest, size }: Descriptor, { signal }: FetchOptions): Promise<Uint8Array> {
    const { bytes } = await getManifest(this.#access, digest, { signal });
    if (bytes.byteLength === size) return bytes;
    throw new RegistryError(
      "SIZE_MISMATCH",
      `manifest ${this.name}@${digest}: ${size} bytes are expected, and ${bytes.byteLength} came.`,
      { registry: this.registry, repository: this.repository },
    );
  }
}

/** Also one that another installed copy of this package made. */
function isRepository(source: ContentSource): source is RemoteRepository {
  return BRAND in source;
}

async function collect(
  body: Exclude<ContentBody, Uint8Array>,
  wire: Wire,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const limit = wire.limits.manifestBytes;
  if (body.size > limit) {
    throw new RegistryError(
      "SIZE_EXCEEDED",
      `A manifest has at most ${limit} bytes (option limits.manifestBytes).`,
    );
  }
  const bytes = new Uint8Array(body.size);
  let length = 0;
  for await (const chunk of body.open(0, signal)) {
    if (length + chunk.byteLength > bytes.byteLength) break;
    bytes.set(chunk, length);
    length += chunk.byteLength;
  }
  return bytes.subarray(0, length);
}
