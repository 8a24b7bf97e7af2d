import { onSide } from "../copy/side.ts";
import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { ContentSource } from "../store.ts";

/** What refers to something, and what refers to that. */
export interface ReferrerTree {
  readonly descriptor: Descriptor;
  readonly referrers: readonly ReferrerTree[];
}

/** How {@link discoverReferrers} looks. */
export interface DiscoverReferrersOptions {
  /** Only referrers of this type, at the first level. */
  readonly artifactType?: string | undefined;
  /** Levels to be followed. Default 32; 1 gives the direct referrers alone. */
  readonly depth?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lists what refers to a reference, as a tree. Each manifest is followed once, so that a listing that lies in a circle
 * ends.
 *
 * @throws {@link ContentError} `UNSUPPORTED` where the store cannot say, `NOT_FOUND`; whatever the store throws.
 *
 * @example
 * ```ts
 * import { attachArtifact, discoverReferrers, memoryStore, packArtifact } from "@reg/content";
 * const store = memoryStore();
 * await packArtifact(store, { artifactType: "text/plain", ref: "v1" });
 * await attachArtifact(store, "v1", { artifactType: "application/spdx+json" });
 * const tree = await discoverReferrers(store, "v1");
 * console.log(tree.referrers.map(({ descriptor }) => descriptor.artifactType)); // [ 'application/spdx+json' ]
 * ```
 */
export async function discoverReferrers(
  store: ContentSource,
  ref: string,
  options: DiscoverReferrersOptions = {},
): Promise<ReferrerTree> {
  const { artifactType, signal, depth = LIMITS.graphDepth } = options;
  if (store.referrers === undefined) {
    throw new ContentError("UNSUPPORTED", "This store does not know what refers to its manifests.");
  }
  const root = await onSide("source", signal, () => store.resolve(ref, { signal }));
  const seen = new Set<string>([root.digest]);
  const follow = async (
    subject: Descriptor,
    left: number,
    type: string | undefined,
  ): Promise<ReferrerTree> => {
    const found: Descriptor[] = [];
    if (left > 0) {
      for await (const entry of store.referrers?.(subject, { artifactType: type, signal }) ?? []) {
        if (seen.has(entry.digest)) continue;
        seen.add(entry.digest);
        if (seen.size > LIMITS.graphNodes) {
          throw new ContentError("SIZE_EXCEEDED", `${ref} has more than ${LIMITS.graphNodes} referrers.`);
        }
        found.push(entry);
      }
    }
    const referrers: ReferrerTree[] = [];
    for (const entry of found) referrers.push(await follow(entry, left - 1, undefined));
    return { descriptor: subject, referrers };
  };
  return onSide("source", signal, () => follow(root, depth, artifactType));
}
