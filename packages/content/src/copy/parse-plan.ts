import type { Digest } from "@reg/reference";
import * as z from "zod/mini";
import { ContentError } from "../errors.ts";
import { digestAlgorithm } from "../hasher.ts";
import { descriptorSchema, readAs, type Schema } from "../schemas.ts";
import type { CopyPlan } from "./plan.ts";

/**
 * Reads a plan that was saved as JSON; code `INVALID`.
 *
 * @example
 * ```ts
 * import { type CopyPlan, parsePlan } from "@reg/content";
 * const restore = (saved: string): CopyPlan => parsePlan(JSON.parse(saved));
 * ```
 */
export function parsePlan(value: unknown): CopyPlan {
  const plan = readAs(planSchema, value, "plan");
  for (const { descriptor } of plan.nodes) digestAlgorithm(descriptor.digest);
  if (!plan.nodes.some(({ descriptor }) => descriptor.digest === plan.root.digest)) {
    throw new ContentError("INVALID", "The plan does not hold its own root.");
  }
  return plan;
}

// Which of them are digests is looked at above: a need or a tag that is in no node is never used.
const digest = z.string() as unknown as Schema<Digest>;

const planSchema: Schema<CopyPlan> = z.object({
  version: z.literal(1),
  from: z.string(),
  root: descriptorSchema,
  rewritten: z.optional(z.object({ from: descriptorSchema })),
  nodes: z.array(
    z.object({
      kind: z.enum(["blob", "manifest"]),
      descriptor: descriptorSchema,
      action: z.enum(["copy", "mount", "skip"]),
      needs: z.array(digest),
      content: z.optional(z.string()),
    }),
  ),
  tags: z.array(z.object({ ref: z.string(), digest, done: z.boolean() })),
  bytes: z.number(),
});
