import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { RegistryError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { findContents } from "./repository-contents.ts";
import { emptyRepository, incomplete } from "./repository-emptying.ts";
import { assertToken, isOffer, type Offer, REPOSITORY_WAYS, type RepositoryWay } from "./repository-ways.ts";
import { listTags } from "./tags.ts";

const BRAND = Symbol.for("@reg/client/repository-deletion-error");

/** How a repository is deleted: by an API its registry has for it, or manifest by manifest. */
export type RepositoryDeletionWay = "acr" | "harbor" | "quay" | "emptying";

/** Something of a repository that was found, deleted, or could not be deleted. */
export interface RepositoryDeletionProgress {
  readonly kind: "found" | "deleted" | "failed";
  /** A tag or a digest. */
  readonly reference: string;
  /** Of a failure. */
  readonly error?: Error | undefined;
}

/** How {@link Catalog.delete} goes about it. */
export interface DeleteRepositoryOptions extends CallOptions {
  /**
   * Who deletes it. `registry`: the registry, by an API it has for it. `emptying`: this client, every tag and every
   * manifest that can be reached from one. `either`: the registry where it can, or else this client. Default `registry`.
   */
  readonly by?: "registry" | "emptying" | "either" | undefined;
  /**
   * Manifests that no tag leads to, to be emptied with the rest: those that remained of an earlier attempt, or are known
   * from elsewhere.
   */
  readonly manifests?: readonly Digest[] | undefined;
  /** Looks and tells what would be deleted, and deletes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** For an API that takes neither the account nor its tokens: Quay's wants that of an OAuth application. */
  readonly apiToken?: string | undefined;
  /** Requests in flight while emptying; default the client's. */
  readonly concurrency?: number | undefined;
  /** Hears of each manifest and tag while emptying, also when it is aborted half-way. */
  readonly onProgress?: ((progress: RepositoryDeletionProgress) => void) | undefined;
}

/** What was deleted, or would be. */
export interface DeletedRepository {
  /** `ghcr.io/owner/image` */
  readonly repository: string;
  readonly way: RepositoryDeletionWay;
  readonly dryRun: boolean;
  /** Absent where the registry does not tell which. */
  readonly manifests?: readonly Digest[] | undefined;
  /** Absent where the registry does not tell which. */
  readonly tags?: readonly string[] | undefined;
  /** Absent where the registry does not tell how many. */
  readonly manifestCount?: number | undefined;
  /** Absent where the registry does not tell how many. */
  readonly tagCount?: number | undefined;
  /** What could not be deleted; empty unless an {@link RepositoryDeletionError} carries it. */
  readonly remaining: { readonly manifests: readonly Digest[]; readonly tags: readonly string[] };
}

/**
 * A repository that was emptied in part. The code is that of the first failure; calling again goes on with what
 * remains, where its `manifests` are those that no tag leads to any more.
 */
export class RepositoryDeletionError extends RegistryError {
  static {
    Object.defineProperty(RepositoryDeletionError.prototype, BRAND, { value: true });
  }

  override readonly name: string = "RepositoryDeletionError";
  /** What was deleted, and what was not. */
  readonly outcome: DeletedRepository;
  /** Why, for each manifest and tag that was tried. */
  readonly failures: readonly { readonly reference: string; readonly error: Error }[];

  constructor(
    code: RegistryError["code"],
    message: string,
    options: ConstructorParameters<typeof RegistryError>[2] & {
      readonly outcome: DeletedRepository;
      readonly failures: RepositoryDeletionError["failures"];
    },
  ) {
    super(code, message, options);
    this.outcome = options.outcome;
    this.failures = options.failures;
  }
}

/**
 * Recognises the error also when it comes from another installed copy of this package.
 *
 * @example
 * ```ts
 * import { isRepositoryDeletionError, RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * await client.catalog.delete("localhost:5000/demo", { by: "emptying" }).catch((error: unknown) => {
 *   if (!isRepositoryDeletionError(error)) throw error;
 *   console.log(error.outcome.remaining.manifests, error.failures);
 * });
 * ```
 */
export function isRepositoryDeletionError(error: unknown): error is RepositoryDeletionError {
  return typeof error === "object" && error !== null && BRAND in error;
}

/** Deletes a repository; see {@link Catalog.delete}. */
export async function deleteRepository(
  access: Access,
  options: DeleteRepositoryOptions = {},
): Promise<DeletedRepository> {
  const { target } = access;
  const { tag, digest, registry, repository, name } = target;
  if (tag !== undefined || digest !== undefined) {
    throw new RegistryError("INVALID", `${name}: a repository is needed here, without tag and digest.`, {
      registry,
      repository,
    });
  }
  if (options.apiToken !== undefined) assertToken(access, options.apiToken);
  const { by = "registry" } = options;
  const found = by === "emptying" ? undefined : await findOffer(access, options);
  if (found !== undefined) return take(access, found.way, found.offer, options);
  return empty(access, options);
}

/** How the registry deletes it; `undefined` where it is to be emptied instead. */
async function findOffer(
  access: Access,
  options: DeleteRepositoryOptions,
): Promise<{ readonly way: RepositoryWay; readonly offer: Offer } | undefined> {
  const { capabilities } = access.wire;
  const { registry } = access.target;
  const refusals: RegistryError[] = [];
  const doubts: RegistryError[] = [];
  const isKnown = ({ capability }: RepositoryWay, has: boolean): boolean =>
    capabilities.get(registry, capability) === has;
  // One that is known to be there leaves nothing to be found out.
  const known = REPOSITORY_WAYS.find((way) => isKnown(way, true));
  const ways = known === undefined ? REPOSITORY_WAYS.filter((way) => !isKnown(way, false)) : [known];
  for (const way of ways) {
    const found = await way.look(access, known !== undefined, options);
    const api = isOffer(found) ? true : found.api;
    if (api !== undefined) capabilities.learn(registry, way.capability, api);
    if (isOffer(found)) return { way, offer: found };
    if (found.error !== undefined) refusals.push(found.error);
    if (found.doubt !== undefined) doubts.push(found.doubt);
    if (api === true) break;
  }
  const [refusal] = refusals;
  // Where it cannot be told whether the registry would do it, nothing else is done in its place.
  if (refusal?.retryable === true) throw refusal;
  if (options.by === "either") return undefined;
  throw refusal ?? (await unsupported(access, doubts[0], options));
}

async function take(
  access: Access,
  way: RepositoryWay,
  offer: Offer,
  options: DeleteRepositoryOptions,
): Promise<DeletedRepository> {
  const dryRun = options.dryRun === true;
  const { manifests, tags } = dryRun ? {} : await offer.delete();
  return {
    repository: access.target.name,
    way: way.name,
    dryRun,
    manifests,
    tags,
    manifestCount: manifests?.length ?? offer.manifestCount,
    tagCount: tags?.length ?? offer.tagCount,
    remaining: { manifests: [], tags: [] },
  };
}

async function empty(access: Access, options: DeleteRepositoryOptions): Promise<DeletedRepository> {
  const { signal, onProgress, dryRun = false, manifests: given = [] } = options;
  const concurrency = options.concurrency ?? access.wire.concurrency;
  const onFound = (reference: string): void => onProgress?.({ kind: "found", reference });
  const contents = await findContents(access, { signal, concurrency, manifests: given, onFound });
  const outcomeOf = (
    manifests: readonly Digest[],
    tags: readonly string[],
    remaining: DeletedRepository["remaining"],
  ): DeletedRepository => ({
    repository: access.target.name,
    way: "emptying",
    dryRun,
    manifests,
    tags,
    manifestCount: manifests.length,
    tagCount: tags.length,
    remaining,
  });
  if (dryRun) return outcomeOf([...contents.manifests.keys()], contents.tags, { manifests: [], tags: [] });
  const emptied = await emptyRepository(access, contents, {
    signal,
    concurrency,
    onDeleted: (reference) => onProgress?.({ kind: "deleted", reference }),
    onFailed: (reference, error) => onProgress?.({ kind: "failed", reference, error }),
  });
  const outcome = outcomeOf(emptied.manifests, emptied.tags, emptied.remaining);
  const failure = incomplete(access, emptied);
  if (failure === undefined) return outcome;
  const { registry, repository } = access.target;
  const { code, first, message } = failure;
  const told = first instanceof RegistryError ? { status: first.status, errors: first.errors } : {};
  throw new RepositoryDeletionError(code, message, {
    ...told,
    cause: first,
    registry,
    repository,
    outcome,
    failures: emptied.failures,
  });
}

/** Why there is nothing to be done: because there is no such repository, or because the registry deletes none. */
async function unsupported(
  access: Access,
  doubt: RegistryError | undefined,
  { signal }: CallOptions,
): Promise<RegistryError> {
  const { registry, repository, name } = access.target;
  // Says 404 where there is none.
  for await (const _ of listTags(access, { signal, limit: 1 })) break;
  const or = doubt === undefined ? "" : `, or none to this account (${doubt.message})`;
  return new RegistryError(
    "UNSUPPORTED",
    `DELETE repository ${name}: this registry offers no way to delete a repository${or}; option by: "emptying" deletes its manifests and tags one by one.`,
    { registry, repository, cause: doubt },
  );
}
