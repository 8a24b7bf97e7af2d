import {
  type ContentSource,
  type ContentTarget,
  type CopyOptions,
  type CopyResult,
  copy,
} from "@reg/content";
import type { TransportResponse } from "@reg/transport";
import { referenceOf } from "./access.ts";
import { type Blobs, RegistryBlobs } from "./blobs.ts";
import type { Capabilities } from "./capabilities.ts";
import { type Catalog, RegistryCatalog } from "./catalog.ts";
import { type Images, RegistryImages } from "./images.ts";
import { type Manifests, RegistryManifests } from "./manifests.ts";
import type { CallOptions, ClientOptions, Ref } from "./options.ts";
import { type Referrers, RegistryReferrers } from "./referrers.ts";
import { RemoteRepository, type Repository, type RepositoryUse } from "./repository.ts";
import { type RequestOptions, sendRequest } from "./request.ts";
import { isTag } from "./tag-name.ts";
import { RegistryTags, type Tags } from "./tags.ts";
import { pingUrl } from "./urls.ts";
import { Wire } from "./wire.ts";

/** Where a copy starts: a reference to a registry, or a name in any other store. */
export type CopySource = Ref | { readonly store: ContentSource; readonly ref: string };
/** Where a copy goes. */
export type CopyDestination = Ref | { readonly store: ContentTarget; readonly ref: string };

/** What `GET /v2/` told. */
export interface Ping {
  readonly registry: string;
  readonly origin: string;
  /** 200, or 401 where the registry is there and signing in did not succeed. */
  readonly status: number;
  /** `Docker-Distribution-Api-Version`, where it is sent. */
  readonly apiVersion?: string | undefined;
}

/**
 * A client of every registry at once: make one, keep it, use it from everywhere.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * import { fetchTransport } from "@reg/transport";
 * await using client = new RegistryClient({ transport: fetchTransport() });
 * for await (const tag of client.tags.list("localhost:5000/demo/hello")) console.log(tag);
 * ```
 */
export class RegistryClient implements AsyncDisposable {
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly catalog: Catalog;
  readonly images: Images;
  readonly #wire: Wire;
  readonly #closeTransport: ClientOptions["closeTransport"];

  constructor(options: ClientOptions) {
    const wire = new Wire(options);
    this.#wire = wire;
    this.#closeTransport = options.closeTransport;
    this.manifests = new RegistryManifests(wire);
    this.blobs = new RegistryBlobs(wire);
    this.tags = new RegistryTags(wire);
    this.referrers = new RegistryReferrers(wire);
    this.catalog = new RegistryCatalog(wire);
    this.images = new RegistryImages(wire);
  }

  /** What is known of each registry, learnt or told. */
  get capabilities(): Capabilities {
    return this.#wire.capabilities;
  }

  /** A repository as a place to copy from and to. Tokens are asked for with the right to push unless `use` says no. */
  repository(name: Ref, use: RepositoryUse = {}): Repository {
    return new RemoteRepository(this.#wire, name, use);
  }

  /** Where a registry's API is: `https://registry-1.docker.io` for `docker.io`. */
  origin(registry: string): string {
    return this.#wire.endpoint(registry).origin;
  }

  /**
   * Copies an image or artifact with everything it needs; within one registry by mounting. A source without tag and
   * digest is `latest`; a target without them gets the source's tag.
   *
   * @throws RegistryError, ContentError and whatever the transport throws.
   */
  async copy(source: CopySource, target: CopyDestination, options: CopyOptions = {}): Promise<CopyResult> {
    const from = this.#from(source);
    const to = this.#to(target, from);
    return copy(from.store, from.ref, to.store, to.ref, this.#within(options));
  }

  /** Copies from a registry into a store, there named by the reference's tag unless `as` says otherwise. */
  async pull(
    ref: Ref,
    target: ContentTarget,
    options: CopyOptions & { readonly as?: string | undefined } = {},
  ): Promise<CopyResult> {
    const from = this.#from(ref);
    return copy(from.store, from.ref, target, options.as ?? from.tag, this.#within(options));
  }

  /** Copies what `name` names in a store to a registry. */
  async push(source: ContentSource, name: string, ref: Ref, options: CopyOptions = {}): Promise<CopyResult> {
    return this.copy({ store: source, ref: name }, ref, options);
  }

  /**
   * Whether a registry is there, and lets us in (distribution-spec, end-1).
   *
   * @throws RegistryError `NOT_FOUND` where there is something else at that address.
   */
  async ping(registry: string, options: CallOptions = {}): Promise<Ping> {
    const target = this.#wire.endpoint(registry);
    const request = {
      what: `API of ${target.registry}`,
      target,
      method: "GET",
      url: pingUrl(target),
      scopes: [],
      signal: options.signal,
    };
    const response = await this.#wire.send(request);
    const apiVersion = response.headers.get("docker-distribution-api-version");
    const isRegistry =
      response.status === 200 ||
      (response.status === 401 &&
        (apiVersion !== undefined || response.headers.get("www-authenticate") !== undefined));
    if (!isRegistry) throw await this.#wire.refuse(request, response);
    await response.body.discard();
    return { registry: target.registry, origin: target.origin, status: response.status, apiVersion };
  }

  /** Any request to a registry's API, signed in as for the others; the answer as it came, whatever its status. */
  async request(
    registry: string,
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<TransportResponse> {
    return sendRequest(this.#wire, registry, method, path, options);
  }

  /** Ends connections. The client can be used again afterwards. */
  async close(): Promise<void> {
    await this.#closeTransport?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #within(options: CopyOptions): CopyOptions {
    return { maxManifestBytes: this.#wire.limits.manifestBytes, ...options };
  }

  #from(source: CopySource): SourceEnd {
    if (isStored(source)) return { store: source.store, ref: source.ref, tag: source.ref };
    const target = this.#wire.target(source);
    const ref = referenceOf(target);
    const tag = target.tag ?? (target.digest === undefined ? ref : undefined);
    return { store: new RemoteRepository(this.#wire, source, { write: false }), ref, tag };
  }

  #to(
    destination: CopyDestination,
    from: SourceEnd,
  ): { readonly store: ContentTarget; readonly ref: string | undefined } {
    if (isStored(destination)) return destination;
    const target = this.#wire.target(destination);
    const { store } = from;
    const sameRegistry = store instanceof RemoteRepository && store.origin === target.origin;
    const mountFrom = sameRegistry && store.repository !== target.repository ? store.repository : undefined;
    // A digest alone is a name, too: what is copied must have it. Nothing at all means the source's tag.
    const ref = target.tag ?? target.digest ?? tagFor(from);
    return { store: new RemoteRepository(this.#wire, destination, { mountFrom }), ref };
  }
}

interface SourceEnd {
  readonly store: ContentSource;
  readonly ref: string;
  /** Its name at the target, where none is given there. */
  readonly tag: string | undefined;
}

function tagFor({ tag }: SourceEnd): string | undefined {
  return tag !== undefined && isTag(tag) ? tag : undefined;
}

function isStored<T>(end: Ref | T): end is Extract<T, { readonly store: unknown }> {
  return typeof end === "object" && end !== null && "store" in end;
}
