import type { FaultCase, Verdict } from "./case.ts";
import type { Client } from "./client.ts";
import { play } from "./stage.ts";

export interface CaseResult {
  readonly case: FaultCase;
  readonly verdict: Verdict;
  readonly seconds: number;
}

export interface RunOptions {
  /** Cases at a time; they spend most of their time waiting. Default 4. */
  readonly concurrency?: number;
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
export async function runCases(
  cases: readonly FaultCase[],
  client: Client,
  options: RunOptions = {},
): Promise<CaseResult[]> {
  const results = new Array<CaseResult>(cases.length);
  const queue = cases.entries();
  const work = async (): Promise<void> => {
    for (const [index, one] of queue) {
      const started = performance.now();
      const verdict = await play(one, client).catch(
        (error: unknown): Verdict => ({
          status: "fail",
          observed: `the case itself failed: ${String(error)}`,
        }),
      );
      const result = { case: one, verdict, seconds: (performance.now() - started) / 1000 };
      results[index] = result;
      options.onResult?.(result);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 4 }, work));
  return results;
}
