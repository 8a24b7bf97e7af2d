import type { OnProgress, Ranges } from "@reg/content";
import type { Reference } from "@reg/reference";
import type { Transport } from "@reg/transport";
import type { CapabilitySnapshot } from "./capabilities.ts";

/** A reference in any form `parseReference` takes, or one already parsed. */
export type Ref = string | Reference;

/** What every call takes. */
export interface CallOptions {
  /** Aborting rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What every call that moves bytes takes. */
export interface TransferOptions extends CallOptions {
  readonly onProgress?: OnProgress | undefined;
}

/** Something a registry wanted said (distribution-spec, "Warnings"). Never acted on. */
export interface RegistryWarning {
  readonly registry: string;
  readonly text: string;
}

/** Upper bounds in bytes (pages: a count); what is larger is refused with `SIZE_EXCEEDED`. */
export interface Limits {
  /** Default 4 MiB, what registries accept (distribution-spec, "Pushing Manifests"). */
  readonly manifestBytes: number;
  /** An image's configuration. Default 8 MiB. */
  readonly configBytes: number;
  /** A page of tags, referrers or the catalog. Default 4 MiB. */
  readonly pageBytes: number;
  /** A stream of unknown size, held in memory for a registry that takes no chunks. Default 64 MiB. */
  readonly spoolBytes: number;
  /** Default 64 KiB. */
  readonly errorBytes: number;
  /** Of one listing. Default 10,000. */
  readonly pages: number;
}

export interface ClientOptions {
  /** How requests are sent: everything about sockets, redirects, retries and signing in is behind it. */
  readonly transport: Transport;
  /** Ends what the transport holds; called by `close()`. */
  readonly closeTransport?: (() => Promise<void>) | undefined;
  /**
   * Where to speak plain http: everywhere (`true`), nowhere (`false`), or with these registries (`host` or `host:port`)
   * besides the loopback ones. Default: loopback hosts alone.
   */
  readonly plainHttp?: boolean | readonly string[] | undefined;
  readonly userAgent?: string | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** Requests a call that makes many of them keeps in flight. Default 6. */
  readonly concurrency?: number | undefined;
  /**
   * Whether a large blob comes over several connections, in parts: where one is slow and more bring more (`auto`), a
   * number of them at once, or never (`off`). Large downloads together keep at most `concurrency` connections busy
   * before one of them takes another. Default `auto`.
   */
  readonly ranges?: Ranges | undefined;
  /** Hears each warning of a registry once. */
  readonly onWarning?: ((warning: RegistryWarning) => void) | undefined;
  /** What is already known of registries, as `client.capabilities.export()` gave it. */
  readonly capabilities?: CapabilitySnapshot | undefined;
}
