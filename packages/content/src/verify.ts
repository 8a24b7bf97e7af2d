import { createManifestReader, isMismatch } from "./copy/manifest-reader.ts";
import { createScheduler, type Scheduler } from "./copy/scheduler.ts";
import { onSide } from "./copy/side.ts";
import { together } from "./copy/together.ts";
import type { Descriptor } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { digestAlgorithm } from "./hasher.ts";
import { LIMITS } from "./limits.ts";
import { isForeignLayerType, isManifestType } from "./media-types.ts";
import { type ParsedManifest, successors } from "./parse-manifest.ts";
import type { OnProgress } from "./progress.ts";
import type { ContentSource } from "./store.ts";
import { assertSize } from "./verifier.ts";

/** What {@link verify} looks at, and how. */
export interface VerifyOptions {
  /** Accepts indexes that name manifests the store does not have. Default false. */
  readonly sparse?: boolean | undefined;
  /** Expects non-distributable layers to be there too. Default false. */
  readonly foreignLayers?: boolean | undefined;
  /** Verifies what refers to each manifest as well; code `UNSUPPORTED` where the store cannot say. Default false. */
  readonly referrers?: boolean | undefined;
  readonly concurrency?: number | undefined;
  /** The largest manifest that is read, in bytes. Default 4 MiB; a few registries take more. */
  readonly maxManifestBytes?: number | undefined;
  readonly scheduler?: Scheduler | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * - `missing`: the store does not have it.
 * - `wrong`: what it has is other bytes, or not the document its type says.
 */
export type ContentFaultKind = "missing" | "wrong";

/** One thing that is not as it should be. */
export interface ContentFault {
  readonly kind: ContentFaultKind;
  readonly descriptor: Descriptor;
  /** The digests from the root down to what names it; empty for the root. */
  readonly path: readonly string[];
  readonly message: string;
}

/** What {@link verify} found. */
export interface VerifyReport {
  readonly root: Descriptor;
  readonly ok: boolean;
  /** Pieces of content looked at. */
  readonly checked: number;
  /** Bytes read. */
  readonly bytes: number;
  readonly faults: readonly ContentFault[];
}

/**
 * Walks everything below a reference, reads every byte, and says what is missing or wrong. Faults of content are in the
 * report; what keeps it from looking (no such reference, no connection, no access) is thrown.
 *
 * @throws {@link ContentError} `NOT_FOUND` where the reference is not there; whatever else the store throws.
 *
 * @example
 * ```ts
 * import { memoryStore, packArtifact, verify } from "@reg/content";
 * const store = memoryStore();
 * await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
 * const report = await verify(store, "v1");
 * console.log(report.ok, report.checked);
 * ```
 */
export async function verify(
  store: ContentSource,
  ref: string,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  return together(options.signal, ({ signal }) => walk(store, ref, { ...options, signal }));
}

async function walk(store: ContentSource, ref: string, options: VerifyOptions): Promise<VerifyReport> {
  const { signal, onProgress, maxManifestBytes } = options;
  const scheduler = options.scheduler ?? createScheduler({ concurrency: options.concurrency });
  const reader = createManifestReader(store, { scheduler, signal, side: "target", maxManifestBytes });
  const root = await scheduler.run({ size: 0, hosts: [store.host], signal }, () =>
    onSide("target", signal, () => store.resolve(ref, { signal })),
  );
  const seen = new Set<string>();
  const faults: ContentFault[] = [];
  let checked = 0;
  let bytes = 0;

  const check = async <T>(
    descriptor: Descriptor,
    path: readonly string[],
    read: () => Promise<T>,
  ): Promise<T | undefined> => {
    await onProgress?.({ type: "started", descriptor });
    checked += 1;
    try {
      const result = await read();
      bytes += descriptor.size;
      await onProgress?.({ type: "done", descriptor });
      return result;
    } catch (error) {
      const kind = faultKind(error);
      if (kind === undefined || !(error instanceof Error)) throw error;
      faults.push({ kind, descriptor, path, message: error.message });
      await onProgress?.({ type: "failed", descriptor, error });
      return undefined;
    }
  };

  const visitBlob = (descriptor: Descriptor, path: readonly string[]): Promise<unknown> =>
    scheduler.run({ size: descriptor.size, hosts: [store.host], signal }, () =>
      check(descriptor, path, () => onSide("target", signal, () => readThrough(store, descriptor, options))),
    );

  const visit = async (descriptor: Descriptor, path: readonly string[]): Promise<void> => {
    const key = `${descriptor.digest} ${isManifestType(descriptor.mediaType)}`;
    if (seen.has(key)) return;
    seen.add(key);
    if (path.length > LIMITS.graphDepth || seen.size > LIMITS.graphNodes) {
      throw new ContentError("INVALID", `What lies below ${ref} is too deep or too much to be true.`);
    }
    if (!isManifestType(descriptor.mediaType)) {
      await visitBlob(descriptor, path);
      return;
    }
    const parsed = await check(descriptor, path, () => reader.read(descriptor));
    const below = [...path, descriptor.digest];
    const children = parsed === undefined ? [] : await expected(parsed);
    await Promise.all([...children.map((child) => visit(child, below)), visitReferrers(descriptor, below)]);
  };

  const expected = async (parsed: ParsedManifest): Promise<readonly Descriptor[]> => {
    const all = successors(parsed).filter(
      ({ mediaType }) => options.foreignLayers === true || !isForeignLayerType(mediaType),
    );
    if (options.sparse !== true || parsed.kind !== "index") return all;
    const present = await Promise.all(
      all.map((entry) =>
        scheduler.run({ size: 0, hosts: [store.host], signal }, () => store.exists(entry, { signal })),
      ),
    );
    return all.filter((_, i) => present[i]);
  };

  const visitReferrers = async (subject: Descriptor, path: readonly string[]): Promise<void> => {
    if (options.referrers !== true) return;
    if (store.referrers === undefined) {
      throw new ContentError(
        "UNSUPPORTED",
        "The store cannot say what refers to its manifests: verify without.",
      );
    }
    const found: Descriptor[] = [];
    for await (const entry of store.referrers(subject, { signal })) found.push(entry);
    await Promise.all(found.map((entry) => visit(entry, path)));
  };

  await visit(root, []);
  return { root, ok: faults.length === 0, checked, bytes, faults };
}

/** What the error says of the content; `undefined` where it says something of the store. */
function faultKind(error: unknown): ContentFaultKind | undefined {
  if (isMismatch(error)) return "wrong";
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  if (error.code === "NOT_FOUND") return "missing";
  return error.code === "INVALID" || error.code === "SIZE_EXCEEDED" ? "wrong" : undefined;
}

async function readThrough(
  store: ContentSource,
  descriptor: Descriptor,
  { onProgress, signal }: VerifyOptions,
): Promise<void> {
  digestAlgorithm(descriptor.digest);
  assertSize(descriptor.size);
  let done = 0;
  const write = (chunk: Uint8Array): void | Promise<void> => {
    done += chunk.byteLength;
    return onProgress?.({ type: "bytes", descriptor, done });
  };
  if (store.fetchInto !== undefined) {
    await store.fetchInto(descriptor, { write }, { signal });
    return;
  }
  for await (const chunk of await store.fetch(descriptor, { signal })) await write(chunk);
}
