import {
  type RegistryClient,
  runSyncStep,
  type SyncOutcome,
  type SyncRules,
  type SyncStep,
  syncScheduler,
} from "@reg/sdk";
import { UnrecoverableError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { type ClaimOptions, claimed } from "./claimed.ts";
import { QUEUE_NAME } from "./mirror-queue.ts";

export interface WorkOptions extends ClaimOptions {
  /** Steps at once in this process. Default 4. */
  readonly concurrency?: number | undefined;
  /** After this long without a sign of life a worker's job is another's. Default 30 s. */
  readonly lockMs?: number | undefined;
}

/** What no second attempt makes better. */
const FINAL_CODES: ReadonlySet<string> = new Set([
  "FORBIDDEN",
  "INVALID",
  "POLICY_REFUSED",
  "UNAUTHENTICATED",
  "UNSUPPORTED",
]);

/**
 * Takes steps from the queue until it is closed. A step does no harm when it is done twice, so that nothing is lost when
 * a worker dies: its job stalls, another one takes it, and moves what is missing only.
 */
export function work(
  client: RegistryClient,
  rules: SyncRules,
  connection: Redis,
  options: WorkOptions = {},
): Worker<SyncStep, SyncOutcome> {
  const { concurrency = 4, lockMs = 30_000 } = options;
  const scheduler = syncScheduler(rules);
  const open = (name: string): ReturnType<typeof claimed> =>
    claimed(client.repository(name), connection, options);
  return new Worker<SyncStep, SyncOutcome>(
    QUEUE_NAME,
    async ({ data: step }) => {
      const outcome = await runSyncStep(step, open, { scheduler });
      if (outcome.error === undefined) return outcome;
      const { code, message, side = "copy" } = outcome.error;
      const text = `${step.id}: ${side}: ${code}: ${message}`;
      throw FINAL_CODES.has(code) ? new UnrecoverableError(text) : new Error(text);
    },
    {
      connection,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      // A worker that dies is no fault of the job it had.
      maxStalledCount: 10,
    },
  );
}
