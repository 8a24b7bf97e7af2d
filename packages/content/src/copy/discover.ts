import type { Digest } from "@reg/reference";
import { type Descriptor, plainDescriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { digestAlgorithm } from "../hasher.ts";
import { LIMITS } from "../limits.ts";
import { isForeignLayerType, isIndexType, isManifestType } from "../media-types.ts";
import { type ParsedIndex, type ParsedManifest, subjectOf, successors } from "../parse-manifest.ts";
import type { ContentSource, ContentTarget } from "../store.ts";
import { assertSize } from "../verifier.ts";
import { chooseRoot } from "./choose-root.ts";
import { type DigestTags, digestTagsOf, groupDigestTags } from "./digest-tags.ts";
import type { ManifestReader } from "./manifest-reader.ts";
import type { CopySelection } from "./options.ts";
import type { Scheduler } from "./scheduler.ts";
import { onSide } from "./side.ts";

/** One piece of content below a reference, as found. */
export interface FoundNode {
  readonly kind: "blob" | "manifest";
  readonly descriptor: Descriptor;
  /** The target has it, and with it all that it needs. */
  present: boolean;
  needs: readonly Digest[];
  /** A manifest the source does not have. */
  readonly content?: Uint8Array | undefined;
}

/** Everything a copy has to do with. */
export interface Found {
  readonly root: Descriptor;
  readonly rewritten?: { readonly from: Descriptor } | undefined;
  /** What is needed stands before what needs it. */
  readonly nodes: readonly FoundNode[];
  readonly digestTags: readonly { readonly ref: string; readonly digest: Digest }[];
  /** Those of the target's references, and of the digest tags, that name what they are to name already. */
  readonly doneRefs: ReadonlySet<string>;
}

export interface DiscoverContext {
  readonly source: ContentSource;
  readonly target: ContentTarget;
  readonly reader: ManifestReader;
  readonly scheduler: Scheduler;
  readonly selection: CopySelection;
  readonly signal?: AbortSignal | undefined;
}

/** Walks the graph below a reference, as far as the target does not have it. */
export async function discover(
  context: DiscoverContext,
  ref: string,
  targetRefs: readonly string[],
): Promise<Found> {
  const { source, target, reader, scheduler, selection, signal } = context;
  const chosen = await chooseRoot(ref, selection, reader);
  const { root } = chosen;
  const madeOf = new Map<string, ParsedIndex>(chosen.made.map((made) => [made.descriptor.digest, made]));
  const nodes = new Map<string, FoundNode>();
  const digestTags = new Map<string, Digest>();
  const askSource = <T>(work: () => Promise<T>): Promise<T> =>
    scheduler.run({ size: 0, hosts: [source.host], signal }, () => onSide("source", signal, work));
  const askTarget = <T>(work: () => Promise<T>): Promise<T> =>
    scheduler.run({ size: 0, hosts: [target.host], signal }, () => onSide("target", signal, work));

  const add = (node: FoundNode): boolean => {
    const key = keyOf(node.descriptor);
    if (nodes.has(key)) return false;
    if (nodes.size >= LIMITS.graphNodes) {
      throw new ContentError(
        "SIZE_EXCEEDED",
        `There is more content below ${ref} than ${LIMITS.graphNodes} pieces.`,
      );
    }
    nodes.set(key, node);
    return true;
  };

  const doneRefs = new Set<string>();
  const lookForRef = (name: string, digest: Digest): Promise<void> =>
    askTarget(async () => {
      if (await names(target, name, digest, signal)) doneRefs.add(name);
    });

  const visit = async (descriptor: Descriptor, depth: number, hints: Hints): Promise<void> => {
    await onSide("source", signal, () => assertUsable(descriptor, depth));
    if (!isManifestType(descriptor.mediaType)) {
      add({ kind: "blob", descriptor, present: false, needs: [] });
      return;
    }
    const made = madeOf.get(descriptor.digest);
    const node: FoundNode = { kind: "manifest", descriptor, present: false, needs: [], content: made?.bytes };
    if (!add(node)) return;
    let known = made ?? hints.known;
    let reading: Promise<ParsedManifest> | undefined;
    if (known === undefined && target.remote && !hints.parentPresent) {
      // Nothing above it is there, so most likely it is not either: both sides are asked at once.
      reading = reader.read(descriptor);
      reading.catch(ignore);
    }
    node.present = hints.present ?? (await askTarget(() => target.exists(descriptor, { signal })));
    const below = async (): Promise<void> => {
      known ??= await (reading ?? reader.read(descriptor));
      const children = childrenOf(known, hints.keep, selection);
      node.needs = [...new Set(children.map(({ digest }) => digest))];
      const { present } = node;
      await Promise.all(
        children.map((child) => visit(child, depth + 1, { parentPresent: present, keep: hints.keep })),
      );
    };
    // A store takes an image only whole; an index it may have got without all of its entries.
    const isWhole =
      node.present &&
      target.changeable !== true &&
      !isIndexType(descriptor.mediaType) &&
      selection.deep !== true;
    await Promise.all([
      isWhole ? undefined : below(),
      made === undefined ? visitReferrers(descriptor, depth) : undefined,
      made === undefined ? visitTags(descriptor, depth) : undefined,
    ]);
  };

  const listReferrers = (
    subject: Descriptor,
    artifactType: string | undefined,
  ): Promise<readonly Descriptor[]> =>
    askSource(async () => {
      const found: Descriptor[] = [];
      for await (const entry of source.referrers?.(subject, { artifactType, signal }) ?? []) {
        found.push(entry);
        if (found.length > LIMITS.graphNodes) {
          throw new ContentError(
            "SIZE_EXCEEDED",
            `${subject.digest} has more than ${LIMITS.graphNodes} referrers.`,
          );
        }
      }
      return found;
    });

  const visitReferrers = async (subject: Descriptor, depth: number): Promise<void> => {
    const { referrers = false } = selection;
    if (referrers === false) return;
    if (source.referrers === undefined) throw cannotList("what refers to its manifests");
    const types = referrers === true ? [undefined] : referrers.artifactTypes;
    const lists = await Promise.all(types.map((type) => listReferrers(subject, type)));
    await Promise.all(
      lists.flat().map(async (entry) => {
        if (nodes.has(keyOf(entry))) return;
        await onSide("source", signal, () => assertUsable(entry, depth + 1));
        const known = await reader.read(entry);
        // A listing is only a claim: the subject in the manifest itself decides.
        if (subjectOf(known)?.digest !== subject.digest) return;
        await visit(plainDescriptor(entry), depth + 1, { known, parentPresent: true });
      }),
    );
  };

  let tagGroups: Promise<DigestTags> | undefined;
  const listTags = async (): Promise<DigestTags> => {
    if (source.tags === undefined) throw cannotList("its tags");
    const tags: string[] = [];
    for await (const tag of source.tags({ signal })) tags.push(tag);
    return groupDigestTags(tags);
  };

  const visitTags = async (descriptor: Descriptor, depth: number): Promise<void> => {
    if (selection.digestTags !== true) return;
    tagGroups ??= askSource(listTags);
    const withFallback = (selection.referrers ?? false) === false;
    await Promise.all(
      digestTagsOf(descriptor.digest, await tagGroups, withFallback).map(async (tag) => {
        if (digestTags.has(tag)) return;
        const named = await reader.resolve(tag);
        digestTags.set(tag, named.descriptor.digest);
        await Promise.all([
          lookForRef(tag, named.descriptor.digest),
          visit(named.descriptor, depth + 1, { known: named.parsed, parentPresent: true }),
        ]);
      }),
    );
  };

  const present = async (): Promise<boolean> => {
    const [exists] = await Promise.all([
      askTarget(() => target.exists(root, { signal })),
      ...targetRefs.map((targetRef) => lookForRef(targetRef, root.digest)),
    ]);
    return exists || doneRefs.size > 0;
  };
  await visit(root, 0, {
    known: chosen.parsed,
    keep: chosen.keep,
    present: await present(),
    parentPresent: true,
  });
  return {
    root,
    rewritten: chosen.rewritten,
    nodes: inOrder(nodes, keyOf(root)),
    digestTags: [...digestTags].map(([tag, digest]) => ({ ref: tag, digest })),
    doneRefs,
  };
}

interface Hints {
  /** The manifest, where it has been read already. */
  readonly known?: ParsedManifest | undefined;
  /** Whether the target has it, where it has been asked already. */
  readonly present?: boolean;
  readonly parentPresent: boolean;
  /** The entries of indexes to be followed, where not all of them are. */
  readonly keep?: ReadonlySet<string> | undefined;
}

/** A blob and a manifest of one digest are two things to a registry. */
function keyOf({ mediaType, digest }: Descriptor): string {
  return `${isManifestType(mediaType) ? "manifest" : "blob"} ${digest}`;
}

/** Refuses what no request should be made for. */
function assertUsable({ digest, size }: Descriptor, depth: number): void {
  digestAlgorithm(digest);
  assertSize(size);
  if (depth > LIMITS.graphDepth) {
    throw new ContentError("INVALID", `${digest} lies more than ${LIMITS.graphDepth} levels deep.`);
  }
}

function childrenOf(
  parsed: ParsedManifest,
  keep: ReadonlySet<string> | undefined,
  selection: CopySelection,
): readonly Descriptor[] {
  return successors(parsed).filter(
    ({ digest, mediaType }) =>
      (selection.foreignLayers === true || !isForeignLayerType(mediaType)) &&
      (parsed.kind !== "index" || keep === undefined || keep.has(digest)),
  );
}

async function names(
  target: ContentTarget,
  ref: string,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    return (await target.resolve(ref, { signal })).digest === digest;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

/** What is needed before what needs it. Without recursion: a hostile graph is as deep as it has nodes. */
function inOrder(nodes: ReadonlyMap<string, FoundNode>, root: string): readonly FoundNode[] {
  const byDigest = new Map<string, FoundNode[]>();
  for (const node of nodes.values()) {
    const { digest } = node.descriptor;
    byDigest.set(digest, [...(byDigest.get(digest) ?? []), node]);
  }
  const ordered = new Set<FoundNode>();
  const entered = new Set<FoundNode>();
  const last = nodes.get(root);
  const starts = [...nodes.values()].filter((node) => node !== last);
  for (const start of last === undefined ? starts : [...starts, last]) {
    const stack = [start];
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      const missing = entered.has(node)
        ? []
        : node.needs.flatMap((digest) => byDigest.get(digest) ?? []).filter((need) => !ordered.has(need));
      entered.add(node);
      if (missing.some((need) => entered.has(need))) {
        throw new ContentError("INVALID", `${node.descriptor.digest} is part of itself.`);
      }
      if (missing.length > 0) {
        stack.push(...missing);
      } else {
        ordered.add(node);
        stack.pop();
      }
    }
  }
  return [...ordered];
}

function cannotList(what: string): ContentError {
  return new ContentError("UNSUPPORTED", `The source cannot list ${what}: copy without them.`);
}

function ignore(): void {}
