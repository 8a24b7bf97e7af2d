import { copy } from "./copy/copy.ts";
import { createManifestReader } from "./copy/manifest-reader.ts";
import type { CopyResult } from "./copy/options.ts";
import { createScheduler } from "./copy/scheduler.ts";
import { onSide } from "./copy/side.ts";
import { moveBlob, type TransferContext } from "./copy/transfer.ts";
import type { Descriptor } from "./descriptor.ts";
import { LIMITS } from "./limits.ts";
import { isManifestType } from "./media-types.ts";
import type { ContentSource, ContentTarget } from "./store.ts";
import { type ContentFault, type VerifyOptions, type VerifyReport, verify } from "./verify.ts";

/** What {@link repair} did. */
export interface RepairReport {
  /** As it was before. */
  readonly before: VerifyReport;
  /** What was missing and is there now. */
  readonly copied: CopyResult;
  /** What was wrong and has been written afresh. */
  readonly replaced: readonly ContentFault[];
  /** Whether everything is right now, as far as it was not before. */
  readonly ok: boolean;
  /** What is still wrong: the store would not let go of it. */
  readonly remaining: readonly ContentFault[];
}

/**
 * Mends what lies below a reference from a store that has it whole. Only what is missing or wrong moves. The content
 * is that which the target's reference names, also where the source's tag has moved on.
 *
 * @throws As `verify` and `copy`: `NOT_FOUND` where the source does not have the content either.
 *
 * @example
 * ```ts
 * import { copy, memoryStore, packArtifact, repair } from "@reg/content";
 * const source = memoryStore();
 * await packArtifact(source, { artifactType: "text/plain", ref: "v1" });
 * const target = memoryStore();
 * await copy(source, "v1", target, "v1");
 * const { ok, copied } = await repair(target, "v1", source);
 * console.log(ok, copied.bytes); // true 0
 * ```
 */
export async function repair(
  target: ContentTarget,
  ref: string,
  source: ContentSource,
  options: VerifyOptions = {},
): Promise<RepairReport> {
  const { signal } = options;
  const scheduler = options.scheduler ?? createScheduler({ concurrency: options.concurrency });
  const shared = { ...options, scheduler };
  const reader = createManifestReader(source, { scheduler, signal });
  const context: TransferContext = {
    source,
    target,
    scheduler,
    signal: signal ?? new AbortController().signal,
    emit: options.onProgress,
  };

  const write = async ({ descriptor }: ContentFault): Promise<void> => {
    if (isManifestType(descriptor.mediaType)) {
      const { bytes } = await reader.read(descriptor);
      await onSide("target", signal, () => target.push(descriptor, bytes, { signal }));
    } else {
      await moveBlob(context, descriptor, { verify: true });
    }
  };
  /** A store that takes its own word for what it has is made to forget it first. */
  const replace = async (fault: ContentFault): Promise<void> => {
    await write(fault);
    if (target.delete === undefined || (await isRight(target, fault, shared))) return;
    await onSide("target", signal, () => target.delete?.(fault.descriptor, { signal }));
    await write(fault);
  };

  const brings = (root: Descriptor): Promise<CopyResult> =>
    copy(source, root.digest, target, ref, {
      deep: true,
      foreignLayers: options.foreignLayers,
      scheduler,
      onProgress: options.onProgress,
      signal,
    });

  const before = await verify(target, ref, shared);
  const wrong: ContentFault[] = [];
  let copied: CopyResult | undefined;
  for (let report = before, round = 0; ; round += 1) {
    const found = report.faults.filter(({ kind }) => kind === "wrong");
    for (const fault of found) await replace(fault);
    wrong.push(...found);
    copied = sum(copied, await brings(report.root));
    // A manifest that could not be read has hidden what lies below it.
    const hidden = report.faults.some(({ descriptor }) => isManifestType(descriptor.mediaType));
    if (!hidden || round >= LIMITS.graphDepth) break;
    report = await verify(target, ref, shared);
  }
  const remaining: ContentFault[] = [];
  for (const fault of wrong) if (!(await isRight(target, fault, shared))) remaining.push(fault);
  return {
    before,
    copied,
    replaced: wrong.filter((fault) => !remaining.includes(fault)),
    ok: remaining.length === 0,
    remaining,
  };
}

function sum(a: CopyResult | undefined, b: CopyResult): CopyResult {
  if (a === undefined) return b;
  return {
    ...b,
    bytes: a.bytes + b.bytes,
    copied: a.copied + b.copied,
    mounted: a.mounted + b.mounted,
    skipped: a.skipped + b.skipped,
  };
}

async function isRight(
  target: ContentTarget,
  { descriptor }: ContentFault,
  { scheduler, signal }: VerifyOptions,
): Promise<boolean> {
  // Alone, without what it names: a store that gives its root for its digest would have everything read again.
  const alone: ContentSource = {
    resolve: async () => ({ ...descriptor, mediaType: "application/octet-stream" }),
    fetch: () => target.fetch(descriptor, { signal }),
    exists: () => target.exists(descriptor, { signal }),
  };
  return (await verify(alone, descriptor.digest, { scheduler, signal })).ok;
}
