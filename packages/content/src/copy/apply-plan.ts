import type { Digest } from "@reg/reference";
import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { isVerifiable } from "../hasher.ts";
import { subjectOf } from "../parse-manifest.ts";
import type { OnProgress } from "../progress.ts";
import type { ContentSource, ContentTarget } from "../store.ts";
import { createManifestReader, type ManifestReader } from "./manifest-reader.ts";
import type { CopyControl, CopyResult } from "./options.ts";
import type { CopyPlan, PlannedNode, PlannedTag } from "./plan.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { onSide } from "./side.ts";
import { together } from "./together.ts";
import { type TransferContext, type Transferred, transferBlob } from "./transfer.ts";
import { createTurns, type Turns } from "./turns.ts";

/**
 * Does what a plan says: blobs first, a manifest when all it needs is there, tags at the very end. Blobs that are at
 * the target by now are skipped, so that a plan can be applied again after a failure.
 *
 * @throws Whatever the stores throw, with the side that failed ({@link failedSide}); {@link ContentError} `INVALID`
 * where the plan contradicts itself; the signal's reason where it is aborted.
 *
 * @example
 * ```ts
 * import { applyPlan, memoryStore, planCopy, packArtifact } from "@reg/content";
 * const source = memoryStore();
 * await packArtifact(source, { artifactType: "text/plain", ref: "v1" });
 * const target = memoryStore();
 * const plan = await planCopy(source, "v1", target, "v1");
 * const result = await applyPlan(plan, source, target);
 * console.log(result.copied, result.tags);
 * ```
 */
export async function applyPlan(
  plan: CopyPlan,
  source: ContentSource,
  target: ContentTarget,
  options: CopyControl = {},
): Promise<CopyResult> {
  const { onProgress, maxManifestBytes, ranges } = options;
  const scheduler = options.scheduler ?? createScheduler({ concurrency: options.concurrency });
  return together(options.signal, (controller) => {
    const reader = createManifestReader(source, { scheduler, signal: controller.signal, maxManifestBytes });
    return executePlan(plan, source, target, { scheduler, reader, onProgress, ranges, controller });
  });
}

export interface ExecuteOptions {
  readonly scheduler: Scheduler;
  readonly reader: ManifestReader;
  readonly onProgress?: OnProgress | undefined;
  readonly ranges?: CopyControl["ranges"];
  /** Stops everything; aborted by the first failure. */
  readonly controller: AbortController;
}

/** {@link applyPlan} with the manifests that planning has read already. */
export async function executePlan(
  plan: CopyPlan,
  source: ContentSource,
  target: ContentTarget,
  options: ExecuteOptions,
): Promise<CopyResult> {
  const { scheduler, reader, onProgress, ranges, controller } = options;
  assertOrdered(plan);
  const context: PushContext = {
    source,
    target,
    scheduler,
    signal: controller.signal,
    ranges,
    emit: onProgress,
    inTurn: createTurns(),
  };
  const count = { bytes: 0, copied: 0, mounted: 0, skipped: 0 };
  const running = new Map<Digest, Promise<void>[]>();

  const note = (result: Transferred): void => {
    count[result.how] += 1;
    if (result.how === "copied") count.bytes += result.bytes;
  };

  const guarded = async (descriptor: Descriptor, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      if (!controller.signal.aborted) {
        controller.abort(error);
        if (error instanceof Error) await onProgress?.({ type: "failed", descriptor, error });
      }
      throw error;
    }
  };

  const run = async (node: PlannedNode): Promise<void> => {
    const { descriptor } = node;
    if (node.action === "skip") {
      await onProgress?.({ type: "skipped", descriptor });
      note({ how: "skipped" });
    } else if (node.kind === "blob") {
      note(await transferBlob(context, descriptor));
    } else {
      await Promise.all(node.needs.flatMap((digest) => running.get(digest) ?? []));
      await pushManifest(context, node, reader);
      note(copied(node));
    }
  };

  const pending = plan.nodes.filter((node) => node.action !== "skip");
  await onProgress?.({ type: "planned", nodes: pending.length, bytes: plan.bytes });
  const needed = new Set(plan.nodes.flatMap((node) => node.needs));
  const tagsOf = new Map<Digest, PlannedTag[]>();
  for (const tag of plan.tags) {
    const group = tagsOf.get(tag.digest);
    if (group === undefined) tagsOf.set(tag.digest, [tag]);
    else group.push(tag);
  }
  const isTagged = ({ kind, descriptor }: PlannedNode): boolean =>
    kind === "manifest" && tagsOf.has(descriptor.digest);
  // What gets a tag and is needed by nothing is stored and tagged by one request, at the end.
  const isHeld = (node: PlannedNode): boolean => isTagged(node) && !needed.has(node.descriptor.digest);
  for (const node of plan.nodes.filter((candidate) => !isHeld(candidate))) {
    const { digest } = node.descriptor;
    const work = guarded(node.descriptor, () => run(node));
    running.set(digest, [...(running.get(digest) ?? []), work]);
  }
  await settle([...running.values()].flat());
  const tag = async (node: PlannedNode): Promise<void> => {
    const wanted = tagsOf.get(node.descriptor.digest) ?? [];
    const tagging = { node, wanted, isStored: !isHeld(node) || node.action === "skip" };
    await guarded(node.descriptor, () => tagManifest(context, tagging, reader));
    if (isHeld(node)) note(node.action === "skip" ? { how: "skipped" } : copied(node));
  };
  const tagged = plan.nodes.filter(isTagged);
  const isRoot = ({ descriptor }: PlannedNode): boolean => descriptor.digest === plan.root.digest;
  // Whoever finds the root's tag finds everything else.
  await settle(tagged.filter((node) => !isRoot(node)).map(tag));
  for (const node of tagged.filter(isRoot)) await tag(node);
  const tags = plan.tags.flatMap(({ ref }) => (isVerifiable(ref) ? [] : [ref]));
  const rewritten = plan.rewritten === undefined ? {} : { rewritten: plan.rewritten };
  return { descriptor: plan.root, ...rewritten, ...count, tags };
}

interface PushContext extends TransferContext {
  /**
   * Referrers of one subject are pushed one at a time: where a registry keeps no list of them, each push rewrites a
   * list under a tag (distribution-spec, "Referrers Tag Schema"), and no registry locks a tag.
   */
  readonly inTurn: Turns;
}

function copied({ descriptor }: PlannedNode): Transferred {
  return { how: "copied", bytes: descriptor.size };
}

/** Waits for all, and then fails with the first failure: nothing goes on behind the caller's back. */
async function settle(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function pushManifest(context: PushContext, node: PlannedNode, reader: ManifestReader): Promise<void> {
  const { target, signal } = context;
  await storeManifest(context, node, reader, (bytes) => target.push(node.descriptor, bytes, { signal }));
}

async function storeManifest(
  { target, scheduler, signal, emit, inTurn }: PushContext,
  node: PlannedNode,
  reader: ManifestReader,
  store: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const { descriptor } = node;
  const { bytes, subject } = await contentOf(node, reader);
  await emit?.({ type: "started", descriptor });
  await inTurn(subject, () =>
    scheduler.run({ size: 0, hosts: [target.host], signal }, () =>
      onSide("target", signal, () => store(bytes)),
    ),
  );
  await emit?.({ type: "bytes", descriptor, done: bytes.byteLength });
  await emit?.({ type: "done", descriptor });
}

interface Tagging {
  readonly node: PlannedNode;
  readonly wanted: readonly PlannedTag[];
  /** The manifest is at the target; only names are missing. */
  readonly isStored: boolean;
}

async function tagManifest(context: PushContext, tagging: Tagging, reader: ManifestReader): Promise<void> {
  const { target, scheduler, signal, emit } = context;
  const { node, wanted, isStored } = tagging;
  const { descriptor } = node;
  const todo = wanted.flatMap(({ ref, done }) => (done ? [] : [ref]));
  const names = todo.filter((ref) => !isVerifiable(ref));
  const ask = (work: () => Promise<void> | undefined): Promise<void> =>
    scheduler.run({ size: 0, hosts: [target.host], signal }, () => onSide("target", signal, work));
  const { pushManifest: pushTagged } = target;
  const atOnce = pushTagged !== undefined && names.length > 0;
  const store = (bytes: Uint8Array): Promise<void> =>
    atOnce
      ? pushTagged.call(target, descriptor, bytes, names, { signal })
      : target.push(descriptor, bytes, { signal });
  if (!isStored) {
    await storeManifest(context, node, reader, store);
  } else if (atOnce) {
    const { bytes } = await contentOf(node, reader);
    await ask(() => store(bytes));
  } else {
    await emit?.({ type: "skipped", descriptor });
  }
  for (const ref of todo) {
    if (!atOnce || isVerifiable(ref)) await ask(() => target.tag(descriptor, ref, { signal }));
    await emit?.({ type: "tagged", descriptor, ref });
  }
}

interface ManifestContent {
  readonly bytes: Uint8Array;
  /** The digest of what it is about, where it is a referrer. */
  readonly subject: Digest | undefined;
}

async function contentOf(
  { descriptor, content }: PlannedNode,
  reader: ManifestReader,
): Promise<ManifestContent> {
  // What the plan carries is handed to the reader as content inside the descriptor, and verified as that is.
  const parsed = await reader.read(content === undefined ? descriptor : { ...descriptor, data: content });
  return { bytes: parsed.bytes, subject: subjectOf(parsed)?.digest };
}

/** A plan may have been on a disk in between: what it says of order is checked, or a circle would wait for ever. */
function assertOrdered(plan: CopyPlan): void {
  const earlier = new Set<string>();
  for (const { descriptor, needs } of plan.nodes) {
    const missing = needs.find((digest) => !earlier.has(digest));
    if (missing !== undefined) {
      throw new ContentError(
        "INVALID",
        `The plan has ${descriptor.digest} before ${missing}, which it needs.`,
      );
    }
    earlier.add(descriptor.digest);
  }
}
