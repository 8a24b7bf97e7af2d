import { type OpenRepository, planSync, type SyncPlan, type SyncRules } from "@reg/sdk";
import type { MirrorQueue } from "./mirror-queue.ts";

/**
 * Turns rules into jobs: copies first, deletions when they are done. A step that waits or runs is not put in again
 * until it has ended, so that this may run every minute.
 */
export async function enqueue(queue: MirrorQueue, rules: SyncRules, open: OpenRepository): Promise<SyncPlan> {
  const plan = await planSync(rules, open);
  await queue.addBulk(
    plan.steps.map((step) => ({
      name: step.kind,
      data: step,
      opts: {
        deduplication: { id: step.id },
        // The lower the sooner: nothing is taken away before what takes its place is there.
        priority: step.kind === "copy" ? 1 : 2,
        // The network's troubles are retried below; this is for a registry that is down for a while.
        attempts: 3,
        backoff: { type: "exponential", delay: 1000 },
        removeOnComplete: { age: 3600 },
        removeOnFail: { age: 24 * 3600 },
      },
    })),
  );
  return plan;
}
