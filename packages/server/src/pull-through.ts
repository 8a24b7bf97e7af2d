import type { Descriptor } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { Context } from "./context.ts";
import type { ByteRange, RepositoryStorage } from "./storage.ts";

/** What a registry that passes pulls through does where it has not got something itself. */
export interface PullThrough {
  manifest(
    context: Context,
    repository: RepositoryStorage,
    reference: string,
  ): Promise<Descriptor | undefined>;
  blob(
    context: Context,
    repository: RepositoryStorage,
    digest: Digest,
  ): Promise<{ readonly size: number; read(range: ByteRange): AsyncIterable<Uint8Array> } | undefined>;
  tags(context: Context, repository: RepositoryStorage): Promise<readonly string[] | undefined>;
  referrers(
    context: Context,
    repository: RepositoryStorage,
    digest: Digest,
  ): Promise<readonly Descriptor[] | undefined>;
}
