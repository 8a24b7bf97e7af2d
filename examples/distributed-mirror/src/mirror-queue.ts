import type { SyncOutcome, SyncStep } from "@reg/sdk";
import { Queue } from "bullmq";
import { Redis } from "ioredis";

/** Each step of a plan is a job; what came of it is what the job returns. */
export type MirrorQueue = Queue<SyncStep, SyncOutcome>;

export const QUEUE_NAME = "mirror";

/** A connection as BullMQ's workers need it: they wait for jobs as long as it takes. */
export function connect(redisUrl: string): Redis {
  return new Redis(redisUrl, { maxRetriesPerRequest: null });
}

export function openQueue(connection: Redis): MirrorQueue {
  return new Queue<SyncStep, SyncOutcome>(QUEUE_NAME, { connection });
}
