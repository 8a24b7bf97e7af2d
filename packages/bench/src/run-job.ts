import type { Contestant, Cost, Counts, Job, Result } from "./job.ts";
import { measure } from "./measure.ts";
import { warm } from "./warm.ts";

export interface RunOptions {
  readonly rounds: number;
  /** On the file system that is measured. */
  readonly folder: string;
  readonly signal: AbortSignal;
  /** Told what cannot be measured. */
  readonly onFailure: (message: string) => void;
}

/** So much time each contestant has for a job; who is slower takes part in fewer rounds. */
const BUDGET_SECONDS = 10;

interface Entry {
  readonly contestant: Contestant;
  readonly costs: Cost[];
  counts?: Counts | undefined;
  spentSeconds: number;
  failed: boolean;
}

/** All contestants in turn, round by round, after a round that counts requests and warms everything up. */
export async function runJob(job: Job, { rounds, folder, signal, onFailure }: RunOptions): Promise<Result[]> {
  await using stage = await job.prepare();
  const entries: Entry[] = stage.contestants.map((contestant) => ({
    contestant,
    costs: [],
    spentSeconds: 0,
    failed: false,
  }));
  for (let round = 0; round <= job.rounds(rounds); round++)
    // To and fro, so that nobody always comes behind the same one.
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      if (entry.failed || entry.spentSeconds > BUDGET_SECONDS) continue;
      try {
        await takeTurn(entry, round);
      } catch (error) {
        signal.throwIfAborted();
        entry.failed = true;
        const reason = String(error).split("\n").slice(0, 4).join(" ");
        onFailure(`${entry.contestant.name} cannot do ${job.name}: ${reason}`);
      }
    }
  return entries
    .filter(({ failed, costs }) => !failed && costs.length > 0)
    .map(({ contestant: { name, role }, costs, counts }) => ({
      job: job.name,
      contestant: name,
      role,
      costs,
      ...(counts !== undefined && { counts }),
    }));

  async function takeTurn(entry: Entry, round: number): Promise<void> {
    const turn = await entry.contestant.ready(round);
    await warm(folder, stage.reads, stage.writesBytes);
    const cost = { ...(await measure(turn.command, { ...turn, signal })), round };
    entry.counts = (await turn.counts?.()) ?? entry.counts;
    // Its first turn is all that a very slow one gets, and counts like the others.
    if (round > 0 || cost.wallSeconds > BUDGET_SECONDS) entry.costs.push(cost);
    entry.spentSeconds += cost.wallSeconds;
  }
}
