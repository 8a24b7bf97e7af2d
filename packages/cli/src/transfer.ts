import type { ContentSource, CopyOptions, CopyPlan, CopyResult } from "@reg/sdk";
import type { Call } from "./call.ts";
import { assertPlanned, plannedSource, readPlan, showPlan } from "./copy-plan.ts";
import { formatBytes, formatDuration, withDigest } from "./format.ts";
import { loadAhead } from "./load-ahead.ts";
import { parseLocation, remoteReferences } from "./location.ts";
import { checkTag, type OpenSource, type OpenTarget, openSource, openTarget } from "./open-location.ts";
import { startProgress } from "./progress/start-progress.ts";
import { openSession, type Session } from "./session.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Pull, push and copy: `{source, target, digest, mediaType, size, bytes, copied, mounted, skipped, tags}`; with
 * `--dry-run` the plan, which `--plan FILE` does later.
 */
export async function transfer(
  call: Call,
  from: string,
  to: string,
  tags: readonly string[] = [],
): Promise<void> {
  const session = await openSession(call, remoteReferences([from, to]));
  const plan = await readPlan(call, session.sdk);
  if (parseLocation(from).kind === "remote" && parseLocation(to).kind !== "remote") loadAhead(session.sdk);
  const opened = await openSource(call, session, from);
  const { kind } = parseLocation(to);
  const options = { ...copyOptions(call), tags };
  const read = kind === "remote" || plan !== undefined ? opened : await withRootRead(opened, call.signal);
  if (kind === "docker-archive" && plan === undefined) await assertOneImage(call, session, read, options);
  const found = await converted(call, session, read);
  const source = plan === undefined ? found : plannedSource(found, plan);
  if (call.flag("dry-run")) return showPlan(call, session, source, to, options);
  await publish(call, session, source, to, { ...options, plan });
}

interface PublishOptions extends CopyOptions {
  /** Further tags, besides the one in `to`. */
  readonly tags?: readonly string[];
  /** What to do, where that was found out before. */
  readonly plan?: CopyPlan | undefined;
}

/** Copies to where `to` says, and tells what came of it. What a failure leaves behind is taken away. */
export async function publish(
  call: Call,
  session: Session,
  source: OpenSource,
  to: string,
  options: PublishOptions = {},
): Promise<void> {
  const started = performance.now();
  const { tags = [], plan, ...selection } = options;
  const target = await openTarget(call, session, to, source);
  const refs = [target.ref, ...tags.map((tag) => checkTag(session, target.remote, tag))];
  const copyOptions = { ...selection, signal: call.signal, onProgress: startProgress(call) };
  let result: CopyResult;
  try {
    if (plan === undefined) {
      result = await session.sdk.copy(source.store, source.ref, target.store, refs, copyOptions);
    } else {
      assertPlanned(plan, refs);
      result = await session.sdk.applyPlan(plan, source.store, target.store, copyOptions);
    }
    await target.finish();
  } catch (error) {
    await target.abandon(error);
    throw error;
  }
  report(call, source, target, result, performance.now() - started);
}

/** With `--format`, the image as it would be in that format: made here, and written with the copy. */
async function converted(call: Call, session: Session, source: OpenSource): Promise<OpenSource> {
  const format = call.text("format");
  if (format !== "oci" && format !== "docker") return source;
  const made = await session.sdk.convertImage(source.store, source.ref, format, { signal: call.signal });
  if (made.dropped.length > 0)
    call.output.note(`left out, as ${format} has no place for it: ${made.dropped.join(", ")}`);
  return { ...source, store: made.source, ref: made.descriptor.digest };
}

/**
 * The source's manifest is asked for before a target on this machine is opened, so that a wrong name leaves no folder
 * behind; the copy then gets the answer that came, and nothing is asked twice.
 */
async function withRootRead(source: OpenSource, signal: AbortSignal): Promise<OpenSource> {
  const { store, ref } = source;
  const fetchManifest = store.fetchManifest?.bind(store);
  if (fetchManifest === undefined) {
    await store.resolve(ref, { signal });
    return source;
  }
  const root = await fetchManifest(ref, { signal });
  const kept: ContentSource = {
    resolve: (asked, options) =>
      asked === ref ? Promise.resolve(root.descriptor) : store.resolve(asked, options),
    fetch: store.fetch.bind(store),
    exists: store.exists.bind(store),
    fetchManifest: (asked, options) =>
      asked === ref ? Promise.resolve(root) : fetchManifest(asked, options),
    ...(store.remote === undefined ? {} : { remote: store.remote }),
    ...(store.host === undefined ? {} : { host: store.host }),
    ...(store.fetchInto === undefined ? {} : { fetchInto: store.fetchInto.bind(store) }),
    ...(store.referrers === undefined ? {} : { referrers: store.referrers.bind(store) }),
    ...(store.tags === undefined ? {} : { tags: store.tags.bind(store) }),
  };
  return { ...source, store: kept };
}

/** Found out before the first blob is moved: a docker archive has no place for an index. */
async function assertOneImage(
  call: Call,
  { sdk }: Session,
  { store, ref, label }: OpenSource,
  { platform }: CopyOptions,
): Promise<void> {
  if (platform !== undefined) return;
  const { mediaType } = await store.resolve(ref, { signal: call.signal });
  if (!sdk.isIndexType(mediaType)) return;
  throw new UsageError(
    `${label} is an image for several platforms, and a docker archive holds one`,
    "choose it, for example with --platform linux/amd64",
  );
}

function copyOptions(call: Call): CopyOptions {
  const platforms = call.text("platform")?.split(",") ?? [];
  const concurrency = call.number("concurrency");
  if (platforms.length > 0 && call.flag("all-platforms")) {
    throw new UsageError("--platform and --all-platforms contradict each other");
  }
  return {
    ...platformChoice(platforms, call.flag("sparse")),
    referrers: call.flag("referrers"),
    digestTags: call.flag("digest-tags"),
    foreignLayers: call.flag("foreign-layers"),
    ...(concurrency === undefined ? {} : { concurrency }),
  };
}

/** One platform is that image by itself; several are an index of them. */
function platformChoice(platforms: readonly string[], sparse: boolean): CopyOptions {
  if (platforms.length === 0) {
    if (sparse) throw new UsageError("--sparse says nothing without --platform");
    return {};
  }
  if (sparse) return { platforms, index: "sparse" };
  return platforms.length === 1 ? { platform: platforms[0] } : { platforms, index: "rewrite" };
}

function report(
  call: Call,
  source: OpenSource,
  target: OpenTarget,
  result: CopyResult,
  milliseconds: number,
): void {
  const { descriptor, bytes, copied, mounted, skipped, tags, rewritten } = result;
  const { digest, mediaType, size } = descriptor;
  call.output.result(
    {
      source: source.label,
      target: target.label,
      digest,
      mediaType,
      size,
      bytes,
      copied,
      mounted,
      skipped,
      tags,
      ...(rewritten === undefined ? {} : { rewrittenFrom: rewritten.from.digest }),
    },
    () => {
      call.output.beforeResult?.();
      const parts = [`${formatBytes(bytes)} moved`];
      if (mounted > 0) parts.push(`${mounted} mounted`);
      if (skipped > 0) parts.push(`${skipped} there already`);
      const summary = withDigest(target.label, digest, call.output.columns);
      call.output.note(`${parts.join(", ")} in ${formatDuration(milliseconds)}`);
      if (rewritten === undefined) return summary;
      return [...summary, ...withDigest("rewritten from", rewritten.from.digest, call.output.columns)];
    },
  );
}
