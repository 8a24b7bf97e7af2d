import type { CopySelection } from "../copy/options.ts";
import { ContentError } from "../errors.ts";
import type { ContentTarget } from "../store.ts";
import { isSelectable, selectTags } from "./select-tags.ts";
import { errorFacts, type SyncFailure } from "./sync-outcome.ts";
import type { SyncRule, SyncRules } from "./sync-rules.ts";

/** Opens a repository by its name, such as `docker.io/library/alpine`. */
export type OpenRepository = (name: string) => ContentTarget | Promise<ContentTarget>;

/** One tag to be copied or taken away: plain data, which any worker can do, and do again without harm. */
export type SyncStep =
  | {
      readonly kind: "copy";
      readonly id: string;
      readonly from: string;
      readonly to: string;
      readonly tag: string;
      readonly selection: SyncSelection;
    }
  | { readonly kind: "delete"; readonly id: string; readonly to: string; readonly tag: string };

/** What of each tag is copied. */
export type SyncSelection = Pick<CopySelection, "index" | "digestTags" | "foreignLayers"> & {
  readonly platforms?: readonly string[] | undefined;
  readonly referrers?: boolean | undefined;
};

/** What the rules come to today. */
export interface SyncPlan {
  readonly version: 1;
  readonly steps: readonly SyncStep[];
  /** Rules whose repository could not be listed; nothing of them is in the steps. */
  readonly failures: readonly SyncFailure[];
}

/** How {@link planSync} works. */
export interface PlanSyncOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists the tags of every rule's repository and says, step by step, what is to be done. A rule that fails does not
 * stop the others. Tags are taken away only where a rule says `delete`, never where the source has come up empty, and
 * never those that another rule brings to the same place.
 *
 * @throws The signal's reason where it is aborted; nothing else.
 */
export async function planSync(
  rules: SyncRules,
  open: OpenRepository,
  options: PlanSyncOptions = {},
): Promise<SyncPlan> {
  const { signal } = options;
  const failures: SyncFailure[] = [];
  const copies: SyncStep[] = [];
  const deletions: SyncStep[] = [];
  const brought = new Map<string, Set<string>>();
  const listed: { readonly rule: SyncRule; readonly tags: readonly string[] }[] = [];
  // Another rule that could not be listed may bring any tag to its target: nothing is deleted there.
  const unknown = new Set<string>();

  for (const rule of rules.rules) {
    signal?.throwIfAborted();
    try {
      const tags = await listTags(await open(rule.from), rule.from, signal);
      const selected = selectTags(tags, rule.tags);
      listed.push({ rule, tags });
      const there = brought.get(rule.to) ?? new Set<string>();
      brought.set(rule.to, there);
      for (const tag of selected) {
        there.add(tag);
        copies.push(copyStep(rule, tag));
      }
    } catch (error) {
      signal?.throwIfAborted();
      unknown.add(rule.to);
      failures.push({ from: rule.from, to: rule.to, error: errorFacts(error) });
    }
  }
  for (const { rule, tags } of listed) {
    if (rule.delete !== true || unknown.has(rule.to)) continue;
    signal?.throwIfAborted();
    try {
      if (tags.length === 0) {
        const message = `${rule.from} has no tags at all: nothing is deleted at ${rule.to}.`;
        throw new ContentError("POLICY_REFUSED", message, { side: "source" });
      }
      const there = await listTags(await open(rule.to), rule.to, signal, true);
      const kept = brought.get(rule.to);
      for (const tag of there) {
        if (kept?.has(tag) || !isSelectable(tag, rule.tags ?? {})) continue;
        const id = `delete ${rule.to}:${tag}`;
        if (!deletions.some((step) => step.id === id))
          deletions.push({ kind: "delete", id, to: rule.to, tag });
      }
    } catch (error) {
      signal?.throwIfAborted();
      failures.push({ from: rule.from, to: rule.to, error: errorFacts(error) });
    }
  }
  return { version: 1, steps: [...copies, ...deletions], failures };
}

function copyStep(rule: SyncRule, tag: string): SyncStep {
  const { from, to, platforms, index, referrers, digestTags, foreignLayers } = rule;
  const selection: SyncSelection = {
    ...(platforms === undefined ? {} : { platforms, index: index ?? "rewrite" }),
    ...(referrers === undefined ? {} : { referrers }),
    ...(digestTags === undefined ? {} : { digestTags }),
    ...(foreignLayers === undefined ? {} : { foreignLayers }),
  };
  return { kind: "copy", id: `copy ${from}:${tag} ${to}:${tag}`, from, to, tag, selection };
}

async function listTags(
  store: ContentTarget,
  name: string,
  signal: AbortSignal | undefined,
  mayBeMissing = false,
): Promise<readonly string[]> {
  if (store.tags === undefined)
    throw new ContentError("UNSUPPORTED", `The tags of ${name} cannot be listed.`);
  const tags: string[] = [];
  try {
    for await (const tag of store.tags({ signal })) tags.push(tag);
  } catch (error) {
    // A target that is not there yet has no tags to be taken away.
    if (mayBeMissing && errorFacts(error).code === "NOT_FOUND") return [];
    throw error;
  }
  return tags;
}
