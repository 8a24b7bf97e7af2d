import type { Digest } from "@reg/reference";
import { type Access, formatName, withActions } from "./access.ts";
import { DeletionOrder } from "./deletion-order.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { headManifest } from "./manifest-read.ts";
import { deleteReference } from "./manifest-write.ts";
import type { CallOptions } from "./options.ts";
import type { FoundManifest, RepositoryContents } from "./repository-contents.ts";
import { deleteTag, listTags } from "./tags.ts";

export interface EmptyOptions extends CallOptions {
  readonly concurrency: number;
  readonly onDeleted?: ((reference: string) => void) | undefined;
  readonly onFailed?: ((reference: string, error: Error) => void) | undefined;
}

/** What became of each manifest and tag. */
export interface Emptied {
  readonly manifests: readonly Digest[];
  readonly tags: readonly string[];
  readonly remaining: { readonly manifests: readonly Digest[]; readonly tags: readonly string[] };
  readonly failures: readonly DeletionFailure[];
}

/** Why a tag, or what a digest names, could not be deleted. */
export interface DeletionFailure {
  readonly reference: string;
  readonly error: Error;
}

/**
 * Deletes what was found, each manifest after those that refer to it: some registries refuse it the other way round, and
 * so what could not be deleted stays whole.
 */
export async function emptyRepository(
  access: Access,
  contents: RepositoryContents,
  options: EmptyOptions,
): Promise<Emptied> {
  const attempts = new Attempts(options);
  const deleting = withActions(access, "delete");
  const deleted = new Set<Digest>();
  const order = new DeletionOrder(contents.manifests);
  await inFlight(order, options.concurrency, async (manifest) => {
    const { digest } = manifest;
    if (!(await attempts.make(digest, () => deleteManifest(deleting, manifest, options)))) return;
    deleted.add(digest);
    order.deleted(manifest);
  });
  const kept = [...contents.manifests.values()].filter(({ digest }) => !deleted.has(digest));
  const tags = await deleteDangling(deleting, contents, kept, attempts, options);
  return {
    manifests: [...deleted],
    tags: contents.tags.filter((tag) => !tags.has(tag)),
    remaining: { manifests: kept.map(({ digest }) => digest), tags: [...tags] },
    failures: attempts.failures,
  };
}

/** The error that a repository which is not empty amounts to: the first of all, and how far it went. */
export function incomplete(
  access: Access,
  { manifests, tags, remaining, failures }: Emptied,
): { readonly message: string; readonly first: Error; readonly code: RegistryError["code"] } | undefined {
  const [failed] = failures;
  if (failed === undefined) return undefined;
  const { reference, error } = failed;
  const allManifests = manifests.length + remaining.manifests.length;
  const done = `${manifests.length} of ${allManifests} manifests and ${tags.length} of ${tags.length + remaining.tags.length} tags are deleted`;
  return {
    message: `Repository ${access.target.name}: ${done}. The first failure is that of ${reference}: ${error.message}`,
    first: error,
    code: isRegistryError(error) ? error.code : "UNAVAILABLE",
  };
}

/** Deletions, of which some may fail without keeping the others back. */
class Attempts {
  readonly failures: DeletionFailure[] = [];
  readonly #options: EmptyOptions;
  #hopeless = false;

  constructor(options: EmptyOptions) {
    this.#options = options;
  }

  /** Whether it was done. Not begun where an earlier one has shown that none will be. */
  async make(reference: string, work: () => Promise<void>): Promise<boolean> {
    const done = await this.look(reference, work);
    if (done) this.#options.onDeleted?.(reference);
    return done;
  }

  /** As {@link make}, for what deletes nothing itself. */
  async look(reference: string, work: () => Promise<void>): Promise<boolean> {
    const { signal, onFailed } = this.#options;
    if (this.#hopeless) return false;
    try {
      await work();
    } catch (error) {
      signal?.throwIfAborted();
      const failure = error instanceof Error ? error : new Error(String(error));
      this.failures.push({ reference, error: failure });
      onFailed?.(reference, failure);
      // What one manifest is refused for, the next may be spared; the account and the network are the same for all.
      this.#hopeless = !isRegistryError(error) || !OF_ONE_MANIFEST.has(error.code);
      return false;
    }
    return true;
  }
}

const OF_ONE_MANIFEST: ReadonlySet<string> = new Set(["INVALID", "UNAVAILABLE", "PROTOCOL"]);

/** GCR keeps a manifest while a tag names it. */
const WHILE_TAGGED = "GOOGLE_MANIFEST_DANGLING_TAG";

/** Works on everything the order gives, several at a time. */
async function inFlight<T>(
  order: { next(): T | undefined },
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  for (;;) {
    while (running.size < Math.max(1, concurrency)) {
      const item = order.next();
      if (item === undefined) break;
      const task = work(item).finally(() => running.delete(task));
      // Should several fail, the first one is told.
      task.catch(() => undefined);
      running.add(task);
    }
    if (running.size === 0) return;
    await Promise.race(running);
  }
}

async function deleteManifest(
  access: Access,
  { digest, tags }: FoundManifest,
  options: CallOptions,
): Promise<void> {
  const work = (): Promise<void> => unlessGone(deleteReference(access, digest, options));
  try {
    await work();
  } catch (error) {
    // Its tags go first only where that is the reason: a manifest that stays without them would not be found again.
    if (!isRegistryError(error) || !error.errors.some(({ code }) => code === WHILE_TAGGED)) throw error;
    for (const tag of tags) await unlessGone(deleteReference(access, tag, options));
    await work();
  }
}

/**
 * Looks which tags are left, and deletes those that name nothing any more.
 *
 * @returns the tags that stay: those of manifests that stay, and those that were pushed meanwhile.
 */
async function deleteDangling(
  deleting: Access,
  contents: RepositoryContents,
  kept: readonly FoundManifest[],
  attempts: Attempts,
  options: EmptyOptions,
): Promise<ReadonlySet<string>> {
  const { signal } = options;
  const reading = withActions(deleting, "pull");
  const named = new Set(kept.flatMap(({ tags }) => tags));
  const left = new Set<string>();
  const listed = await attempts.look("tags/list", async () => {
    try {
      for await (const tag of listTags(reading, { signal })) left.add(tag);
    } catch (error) {
      // Some registries have no such repository any more when its last manifest has gone.
      if (!isNotFound(error)) throw error;
    }
  });
  if (!listed) {
    const stays = new Set(kept);
    const gone = [...contents.manifests.values()].filter((manifest) => !stays.has(manifest));
    const goneTags = new Set(gone.flatMap(({ tags }) => tags));
    return new Set(contents.tags.filter((tag) => !goneTags.has(tag)));
  }
  for (const tag of [...left]) {
    if (named.has(tag)) continue;
    const done = await attempts.make(tag, async () => {
      await assertDangling(reading, tag, options);
      await unlessGone(deleteTag(deleting, tag, { signal }));
    });
    if (done) left.delete(tag);
  }
  return left;
}

/** What came since the repository was looked through is somebody's work: whether it is to go is asked again. */
async function assertDangling(access: Access, tag: string, options: CallOptions): Promise<void> {
  const { target } = access;
  try {
    await headManifest(access, tag, options);
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
  throw new RegistryError(
    "INVALID",
    `${formatName(target, tag)} was pushed while the repository was being emptied; it is left as it is.`,
    { registry: target.registry, repository: target.repository },
  );
}

/** What is gone already is as good: somebody else was faster, or an answer was lost and the request sent again. */
async function unlessGone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

function isNotFound(error: unknown): boolean {
  return isRegistryError(error) && error.code === "NOT_FOUND";
}
