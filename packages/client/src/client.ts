import type { ContentSource, ContentTarget, CopyOptions, CopyResult } from "@reg/content";
import type { Blobs } from "./blobs.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Catalog } from "./catalog.ts";
import type { Images } from "./images.ts";
import type { Manifests } from "./manifests.ts";
import type { CallOptions, ClientOptions, Ref } from "./options.ts";
import type { Referrers } from "./referrers.ts";
import type { Repository } from "./repository.ts";
import type { Tags } from "./tags.ts";

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

/** A client of every registry at once: make one, keep it, use it from everywhere. */
export declare class RegistryClient implements AsyncDisposable {
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly tags: Tags;
  readonly referrers: Referrers;
  readonly catalog: Catalog;
  readonly images: Images;
  readonly capabilities: Capabilities;
  constructor(options: ClientOptions);
  /** A repository as a place to copy from and to. */
  repository(name: Ref): Repository;
  /** Copies an image or artifact with everything it needs; within one registry by mounting. */
  copy(source: CopySource, target: CopyDestination, options?: CopyOptions): Promise<CopyResult>;
  /** Copies from a registry into a store, there named by the reference's tag unless `as` says otherwise. */
  pull(
    ref: Ref,
    target: ContentTarget,
    options?: CopyOptions & { readonly as?: string },
  ): Promise<CopyResult>;
  /** Copies what `name` names in a store to a registry. */
  push(source: ContentSource, name: string, ref: Ref, options?: CopyOptions): Promise<CopyResult>;
  /** Whether a registry is there, and lets us in. */
  ping(registry: string, options?: CallOptions): Promise<Ping>;
  /** Ends connections. The client can be used again afterwards. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
