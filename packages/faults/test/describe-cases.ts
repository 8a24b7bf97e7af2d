import { describe, expect, it } from "vitest";
import type { FaultCase } from "../src/case.ts";
import type { Client } from "../src/client.ts";
import { play } from "../src/stage.ts";
import { inProcessClient } from "./in-process-client.ts";

/** A test a case, played by this project's own packages in this process, or by another client. */
export function describeCases(
  title: string,
  cases: readonly FaultCase[],
  client: Client = inProcessClient(),
): void {
  describe.concurrent(title, () => {
    for (const one of cases)
      it(
        `${one.id}: ${one.fault}`,
        async ({ skip }) => {
          const verdict = await play(one, client);
          if (verdict.status === "not-applicable") skip(verdict.observed);
          expect(verdict.status, `${verdict.observed}; expected: ${one.expectation} (${one.reason})`).toBe(
            "pass",
          );
        },
        (one.limitSeconds ?? 60) * 1000 + 10_000,
      );
  });
}
