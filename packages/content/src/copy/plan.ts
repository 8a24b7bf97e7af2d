import type { Digest } from "@reg/reference";
import type { Descriptor } from "../descriptor.ts";

/**
 * - `copy`: to be moved.
 * - `mount`: to be mounted from the source's repository, and moved where that is refused.
 * - `skip`: at the target already.
 */
export type PlannedAction = "copy" | "mount" | "skip";

/** One piece of content. */
export interface PlannedNode {
  readonly kind: "blob" | "manifest";
  readonly descriptor: Descriptor;
  readonly action: PlannedAction;
  /** What must be at the target before: digests of nodes that stand earlier in the list. */
  readonly needs: readonly Digest[];
  /** Base64 of a manifest that the source does not have, because the plan rewrites it. */
  readonly content?: string | undefined;
}

/**
 * What a copy is going to do, as plain data: it can be shown, saved as JSON, and applied later or elsewhere
 * (`applyPlan`).
 */
export interface CopyPlan {
  readonly version: 1;
  /** What the source was asked for. */
  readonly from: string;
  /** What the target's reference will name. */
  readonly root: Descriptor;
  readonly rewritten?: { readonly from: Descriptor } | undefined;
  /** What is needed stands before what needs it; the root is the last manifest of its tree. */
  readonly nodes: readonly PlannedNode[];
  /** Tags to be set when everything is there. `done`: the target has it so already. */
  readonly tags: readonly PlannedTag[];
  /** Bytes that are not at the target yet; those a mount may save are among them. */
  readonly bytes: number;
}

/** A name that the target is to have. */
export interface PlannedTag {
  readonly ref: string;
  readonly digest: Digest;
  readonly done: boolean;
}
