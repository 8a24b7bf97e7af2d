import { encodeBase64 } from "../base64.ts";
import { ContentError } from "../errors.ts";
import { isVerifiable } from "../hasher.ts";
import { isManifestType } from "../media-types.ts";
import type { ContentSource, ContentTarget } from "../store.ts";
import { executePlan } from "./apply-plan.ts";
import { discover, type Found, type FoundNode } from "./discover.ts";
import { createManifestReader, type ManifestReader } from "./manifest-reader.ts";
import type { CopyControl, CopyOptions, CopyResult } from "./options.ts";
import type { CopyPlan, PlannedAction, PlannedNode } from "./plan.ts";
import { createScheduler, type Scheduler } from "./scheduler.ts";
import { onSide } from "./side.ts";
import { together } from "./together.ts";
import { mountOrigin } from "./transfer.ts";

/** One name or several for what was copied; `undefined` where its digest is name enough. */
export type TargetRefs = string | readonly string[] | undefined;

/**
 * Copies what a reference names, and everything below it, from one store to another. Each piece of content moves once;
 * what is there already is skipped; bytes are verified on the way and manifests stay the bytes they were. A copy that
 * failed or was killed goes on where it stopped when it is called again.
 *
 * @param targetRef - A tag or several. A digest must be that of what is copied.
 * @throws Whatever the stores throw; {@link failedSide} says which side it was. {@link ContentError} `INVALID`,
 * `NOT_FOUND`, `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `SIZE_EXCEEDED`, `UNSUPPORTED`; the signal's reason where it is
 * aborted.
 *
 * @example
 * ```ts
 * import { copy, memoryStore, packArtifact } from "@reg/content";
 * const source = memoryStore();
 * await packArtifact(source, { artifactType: "text/plain", ref: "v1" });
 * const target = memoryStore();
 * const { descriptor, copied } = await copy(source, "v1", target, ["v1", "latest"]);
 * console.log(descriptor.digest, copied);
 * ```
 */
export async function copy(
  source: ContentSource,
  sourceRef: string,
  target: ContentTarget,
  targetRef: TargetRefs,
  options: CopyOptions = {},
): Promise<CopyResult> {
  const { onProgress, ranges } = options;
  return together(options.signal, async (controller) => {
    const { signal } = controller;
    const prepared = await prepare(source, sourceRef, target, targetRef, { ...options, signal });
    const { plan, scheduler, reader } = prepared;
    return executePlan(plan, source, target, { scheduler, reader, onProgress, ranges, controller });
  });
}

/**
 * Finds out what a copy would do, and does nothing. The plan is plain data: `JSON.stringify` saves it, `parsePlan`
 * reads it, `applyPlan` does it.
 *
 * @throws As {@link copy}.
 *
 * @example
 * ```ts
 * import { memoryStore, packArtifact, planCopy } from "@reg/content";
 * const source = memoryStore();
 * await packArtifact(source, { artifactType: "text/plain", ref: "v1" });
 * const plan = await planCopy(source, "v1", memoryStore(), "v1");
 * console.log(plan.bytes, plan.nodes.map(({ action, descriptor }) => `${action} ${descriptor.digest}`));
 * ```
 */
export async function planCopy(
  source: ContentSource,
  sourceRef: string,
  target: ContentTarget,
  targetRef: TargetRefs,
  options: CopyOptions = {},
): Promise<CopyPlan> {
  return together(options.signal, async ({ signal }) => {
    const { plan, scheduler } = await prepare(source, sourceRef, target, targetRef, { ...options, signal });
    const nodes = await Promise.all(
      plan.nodes.map(async (node): Promise<PlannedNode> => {
        if (node.kind !== "blob") return node;
        if (mountOrigin({ source, target }, node.descriptor) !== undefined)
          return { ...node, action: "mount" };
        const isThere = await scheduler.run({ size: 0, hosts: [target.host], signal }, () =>
          onSide("target", signal, () => target.exists(node.descriptor, { signal })),
        );
        return isThere ? { ...node, action: "skip" } : node;
      }),
    );
    return { ...plan, nodes, bytes: bytesOf(nodes) };
  });
}

interface Prepared {
  readonly plan: CopyPlan;
  readonly scheduler: Scheduler;
  readonly reader: ManifestReader;
}

/** A plan in which no blob has been asked for yet: that is done as it comes to each, or all questions would wait. */
async function prepare(
  source: ContentSource,
  sourceRef: string,
  target: ContentTarget,
  targetRef: TargetRefs,
  options: CopyOptions,
): Promise<Prepared> {
  const { signal } = options;
  const refs =
    targetRef === undefined ? [] : typeof targetRef === "string" ? [targetRef] : [...new Set(targetRef)];
  const scheduler = schedulerOf(options);
  const { maxManifestBytes } = options;
  const reader = createManifestReader(source, { scheduler, signal, maxManifestBytes });
  const tagRefs = refs.filter((ref) => !isVerifiable(ref));
  const found = await discover(
    { source, target, reader, scheduler, selection: options, signal },
    sourceRef,
    tagRefs,
  );
  const nodes = found.nodes.map(planned);
  const plan: CopyPlan = {
    version: 1,
    from: sourceRef,
    root: found.root,
    ...(found.rewritten === undefined ? {} : { rewritten: found.rewritten }),
    nodes,
    tags: [
      ...found.digestTags.map(({ ref, digest }) => ({ ref, digest, done: found.doneRefs.has(ref) })),
      ...namesOf(found, refs, target).map((ref) => ({
        ref,
        digest: found.root.digest,
        done: found.doneRefs.has(ref),
      })),
    ],
    bytes: bytesOf(nodes),
  };
  return { plan, scheduler, reader };
}

function schedulerOf({ scheduler, concurrency }: CopyControl): Scheduler {
  return scheduler ?? createScheduler({ concurrency });
}

/**
 * A registry knows content by its digest as soon as it is there; a layout lists only what has been named, if by its
 * digest.
 */
function namesOf({ root }: Found, refs: readonly string[], target: ContentTarget): readonly string[] {
  const wrong = refs.find((ref) => isVerifiable(ref) && ref !== root.digest);
  if (wrong !== undefined) {
    throw new ContentError("INVALID", `The target is to be ${wrong}, but what is copied is ${root.digest}.`);
  }
  const tags = refs.filter((ref) => !isVerifiable(ref));
  if (!isManifestType(root.mediaType)) {
    if (tags.length === 0) return [];
    throw new ContentError(
      "INVALID",
      `${root.digest} is a blob (${root.mediaType}): only a manifest has tags.`,
    );
  }
  return target.remote === true || tags.length > 0 ? tags : [root.digest];
}

function planned({ kind, descriptor, present, needs, content }: FoundNode): PlannedNode {
  const action: PlannedAction = present ? "skip" : "copy";
  return {
    kind,
    descriptor,
    action,
    needs,
    ...(content === undefined ? {} : { content: encodeBase64(content) }),
  };
}

function bytesOf(nodes: readonly PlannedNode[]): number {
  let bytes = 0;
  for (const { action, descriptor } of nodes) if (action !== "skip") bytes += descriptor.size;
  return bytes;
}
