import { type CaseText, type FaultCase, fail, type Verdict } from "./case.ts";
import type { Client } from "./client.ts";
import type { Server } from "./servers/server.ts";
import type { ServerCase } from "./servers/server-case.ts";
import { playServer } from "./servers/server-stage.ts";
import { play } from "./stage.ts";

export interface CaseResult {
  readonly case: CaseText;
  readonly verdict: Verdict;
  readonly seconds: number;
  /** It failed while others were played beside it, and passed by itself. */
  readonly passedAlone?: boolean;
}

export interface RunOptions {
  /** Cases at a time; they spend most of their time waiting. Default 4. */
  readonly concurrency?: number;
  /**
   * Plays what failed within so many seconds once more, by itself, when all others are through: on a busy machine a
   * deadline may be missed that is kept otherwise. Default 0: the first verdict stands.
   */
  readonly againWithinSeconds?: number;
  readonly onResult?: (result: CaseResult) => void;
}

/**
 * Plays every case with one client; the results come in the order of the cases.
 *
 * @example
 * ```ts
 * const crane = await commandClient(craneDialect);
 * const results = crane === undefined ? [] : await runCases(cases, crane);
 * console.log(textSummary(results));
 * ```
 */
export function runCases(
  cases: readonly FaultCase[],
  client: Client,
  options: RunOptions = {},
): Promise<CaseResult[]> {
  return runAll(cases, (one) => play(one, client), options);
}

/**
 * Plays every case with one server; the results come in the order of the cases.
 *
 * @example
 * ```ts
 * const results = await runServerCases(serverCases, urlServer("http://127.0.0.1:5000"));
 * console.log(textSummary(results));
 * ```
 */
export function runServerCases(
  cases: readonly ServerCase[],
  server: Server,
  options: RunOptions = {},
): Promise<CaseResult[]> {
  return runAll(cases, (one) => playServer(one, server), options);
}

async function runAll<One extends CaseText>(
  cases: readonly One[],
  playOne: (one: One) => Promise<Verdict>,
  { concurrency = 4, againWithinSeconds = 0, onResult = () => {} }: RunOptions,
): Promise<CaseResult[]> {
  const results = new Array<CaseResult>(cases.length);
  // The longest first, so that nothing is waited for alone at the end.
  const queue = [...cases.entries()].sort(([, one], [, other]) => longest(other) - longest(one)).values();
  const work = async (): Promise<void> => {
    for (const [index, one] of queue) {
      const result = await timed(one, playOne);
      results[index] = result;
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  for (const [index, one] of cases.entries()) {
    const first = results[index];
    if (first?.verdict.status !== "fail" || first.seconds > againWithinSeconds) continue;
    const second = await timed(one, playOne);
    if (second.verdict.status === "fail") continue;
    results[index] = { ...second, passedAlone: true };
    onResult(results[index]);
  }
  return results;
}

/** Seconds that a case may well take. */
function longest({ slow = false, limitSeconds = 60 }: CaseText): number {
  return slow ? limitSeconds : 0;
}

async function timed<One extends CaseText>(
  one: One,
  playOne: (one: One) => Promise<Verdict>,
): Promise<CaseResult> {
  const started = performance.now();
  const verdict = await playOne(one).catch((error: unknown) =>
    fail(`the case itself failed: ${String(error)}`),
  );
  return { case: one, verdict, seconds: (performance.now() - started) / 1000 };
}
