import { copy, planCopy } from "../copy/copy.ts";
import { createScheduler, type Scheduler } from "../copy/scheduler.ts";
import { onSide } from "../copy/side.ts";
import { ContentError } from "../errors.ts";
import type { ProgressEvent } from "../progress.ts";
import type { OpenRepository, SyncPlan, SyncStep } from "./plan-sync.ts";
import { type ErrorFacts, errorFacts, type SyncFailure } from "./sync-outcome.ts";
import type { SyncRules } from "./sync-rules.ts";

/** What came of one step; plain data. */
export interface SyncOutcome {
  readonly step: SyncStep;
  /**
   * `copied`: something moved. `unchanged`: all of it was there. `deleted`: the tag is gone. `planned`: a dry run, and
   * something would be done. `failed`: see `error`.
   */
  readonly status: "copied" | "unchanged" | "deleted" | "planned" | "failed";
  /** Bytes moved, or to be moved. */
  readonly bytes: number;
  /** The digest at the target; with a rewritten index not the source's. */
  readonly digest?: string | undefined;
  readonly error?: ErrorFacts | undefined;
}

/** How far a plan has come: the steps that need not be done again. Plain data. */
export interface SyncCursor {
  readonly version: 1;
  readonly done: readonly string[];
}

/** What a whole run did. */
export interface SyncReport {
  readonly outcomes: readonly SyncOutcome[];
  /** Rules that could not be listed. They are not in `failed`, which counts steps as its neighbours do. */
  readonly failures: readonly SyncFailure[];
  readonly copied: number;
  readonly unchanged: number;
  readonly deleted: number;
  readonly failed: number;
  readonly bytes: number;
  readonly cursor: SyncCursor;
}

/** How {@link runSyncStep} works. */
export interface SyncStepOptions {
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean | undefined;
  /** Shared by the steps of a process, so that budgets hold for all of them: {@link syncScheduler}. */
  readonly scheduler?: Scheduler | undefined;
  readonly onProgress?: ((event: ProgressEvent, step: SyncStep) => void | Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How {@link runSync} works. */
export interface RunSyncOptions extends SyncStepOptions {
  /** Steps at once. Default 4. */
  readonly concurrency?: number | undefined;
  /** Goes on after an earlier run of the same plan. */
  readonly cursor?: SyncCursor | undefined;
  /** Hears of each step as it ends; a promise is waited for. */
  readonly onOutcome?: ((outcome: SyncOutcome, cursor: SyncCursor) => void | Promise<void>) | undefined;
}

/** A scheduler that keeps the budgets of the rules. */
export function syncScheduler(rules: SyncRules): Scheduler {
  const hosts = Object.entries(rules.hosts ?? {});
  return createScheduler({
    perHost: Object.fromEntries(hosts.map(([host, { concurrency }]) => [host, concurrency])),
  });
}

/**
 * Does one step. Doing it again changes nothing, so that a queue may hand it to another worker when the first one dies.
 *
 * @throws The signal's reason where it is aborted. Whatever else goes wrong is the outcome.
 */
export async function runSyncStep(
  step: SyncStep,
  open: OpenRepository,
  options: SyncStepOptions = {},
): Promise<SyncOutcome> {
  const { signal } = options;
  signal?.throwIfAborted();
  try {
    return step.kind === "copy" ? await copyTag(step, open, options) : await deleteTag(step, open, options);
  } catch (error) {
    signal?.throwIfAborted();
    return { step, status: "failed", bytes: 0, error: errorFacts(error) };
  }
}

/**
 * Does the steps of a plan, several at once. A step that fails does not stop the others; it is in the report, and not
 * in the cursor.
 *
 * @throws The signal's reason where it is aborted.
 *
 * @example
 * ```ts
 * import { memoryStore, packArtifact, parseSyncRules, planSync, runSync, syncScheduler } from "@reg/content";
 * const stores = new Map([["a/app", memoryStore()], ["b/app", memoryStore()]]);
 * const open = (name: string) => stores.get(name) ?? memoryStore();
 * await packArtifact(open("a/app"), { artifactType: "text/plain", ref: "1.0" });
 * const rules = parseSyncRules({ version: 1, rules: [{ from: "a/app", to: "b/app", tags: ["1.*"] }] });
 * const report = await runSync(await planSync(rules, open), open, { scheduler: syncScheduler(rules) });
 * console.log(report.copied); // 1
 * ```
 */
export async function runSync(
  plan: SyncPlan,
  open: OpenRepository,
  options: RunSyncOptions = {},
): Promise<SyncReport> {
  const { concurrency = 4, cursor, onOutcome, signal, scheduler = createScheduler() } = options;
  const done = new Set(cursor?.done ?? []);
  const outcomes: SyncOutcome[] = [];
  const cursorNow = (): SyncCursor => ({ version: 1, done: [...done] });
  const work = async (steps: Iterator<SyncStep>): Promise<void> => {
    for (let next = steps.next(); next.done !== true; next = steps.next()) {
      const outcome = await runSyncStep(next.value, open, { ...options, scheduler });
      outcomes.push(outcome);
      if (outcome.status !== "failed" && outcome.status !== "planned") done.add(outcome.step.id);
      await onOutcome?.(outcome, cursorNow());
    }
  };
  // What is deleted is deleted last, when all that takes its place is there.
  for (const kind of ["copy", "delete"] as const) {
    const steps = plan.steps.filter((step) => step.kind === kind && !done.has(step.id)).values();
    await Promise.all(Array.from({ length: Math.max(1, concurrency) }, () => work(steps)));
    signal?.throwIfAborted();
  }
  const count = (status: SyncOutcome["status"]): number =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return {
    outcomes,
    failures: plan.failures,
    copied: count("copied"),
    unchanged: count("unchanged"),
    deleted: count("deleted"),
    failed: count("failed"),
    bytes: outcomes.reduce((sum, { bytes }) => sum + bytes, 0),
    cursor: cursorNow(),
  };
}

async function copyTag(
  step: Extract<SyncStep, { kind: "copy" }>,
  open: OpenRepository,
  options: SyncStepOptions,
): Promise<SyncOutcome> {
  const { scheduler, signal, onProgress, dryRun = false } = options;
  const { selection, tag } = step;
  const source = await onSide("source", signal, () => open(step.from));
  const target = await onSide("target", signal, () => open(step.to));
  const copyOptions = {
    ...selection,
    scheduler,
    signal,
    onProgress: onProgress === undefined ? undefined : (event: ProgressEvent) => onProgress(event, step),
  };
  if (dryRun) {
    const plan = await planCopy(source, tag, target, tag, copyOptions);
    const isNew = plan.bytes > 0 || plan.tags.some(({ done }) => !done);
    return { step, status: isNew ? "planned" : "unchanged", bytes: plan.bytes, digest: plan.root.digest };
  }
  let tagged = false;
  const result = await copy(source, tag, target, tag, {
    ...copyOptions,
    onProgress: (event) => {
      tagged ||= event.type === "tagged";
      return copyOptions.onProgress?.(event);
    },
  });
  const moved = tagged || result.copied + result.mounted > 0;
  return {
    step,
    status: moved ? "copied" : "unchanged",
    bytes: result.bytes,
    digest: result.descriptor.digest,
  };
}

async function deleteTag(
  step: Extract<SyncStep, { kind: "delete" }>,
  open: OpenRepository,
  { signal, dryRun = false }: SyncStepOptions,
): Promise<SyncOutcome> {
  const target = await onSide("target", signal, () => open(step.to));
  if (dryRun) return { step, status: "planned", bytes: 0 };
  if (target.untag === undefined) {
    throw new ContentError("UNSUPPORTED", `${step.to} cannot take a tag away.`, { side: "target" });
  }
  try {
    await onSide("target", signal, () => target.untag?.(step.tag, { signal }));
  } catch (error) {
    // Gone already: somebody was faster, or this step is done for the second time.
    if (errorFacts(error).code === "NOT_FOUND") return { step, status: "unchanged", bytes: 0 };
    throw error;
  }
  return { step, status: "deleted", bytes: 0 };
}
