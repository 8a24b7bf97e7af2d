import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RegistryError } from "../src/errors.ts";
import { RangeParts, type RangePartsOptions } from "../src/range-parts.ts";

const content = Uint8Array.from({ length: 1000 }, (_, index) => (index * 31 + (index >> 3)) & 0xff);

/** What happens to one request for a part. */
interface Fate {
  /** Of what was asked for; then the request fails, unless it is all. */
  readonly brings: number;
  /** In pieces of so many bytes. */
  readonly piece: number;
  /** Turns of the event loop before each piece. */
  readonly waits: number;
  readonly failure: "refused" | "passes" | "short";
}

const refused = new RegistryError("FORBIDDEN", "403");
const busy = new RegistryError("RATE_LIMITED", "429");

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Fetches from memory, as fate has it for each request in turn; all goes well where fate has no more to say. */
const fetching = (fates: readonly Fate[]) => {
  const seen = { requests: 0, running: 0, together: 0 };
  const fetch = async (
    start: number,
    end: number,
    take: (chunk: Uint8Array) => void,
    signal: AbortSignal,
  ): Promise<void> => {
    const fate = fates[seen.requests] ?? { brings: 1, piece: 64, waits: 0, failure: "refused" };
    seen.requests += 1;
    seen.running += 1;
    seen.together = Math.max(seen.together, seen.running);
    try {
      const until = start + Math.ceil((end - start) * fate.brings);
      for (let at = start; at < until; at += fate.piece) {
        await turns(fate.waits);
        signal.throwIfAborted();
        take(content.slice(at, Math.min(at + fate.piece, until)));
      }
      if (until < end && fate.failure !== "short") throw fate.failure === "refused" ? refused : busy;
    } finally {
      seen.running -= 1;
    }
  };
  return { fetch, seen };
};

const optionsOf = (options: Partial<RangePartsOptions> = {}): RangePartsOptions => ({
  start: 0,
  end: content.byteLength,
  partBytes: 100,
  parts: 4,
  mayGrow: () => true,
  onConnection: () => {},
  ...options,
});

const fate = fc.record<Fate>({
  brings: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  piece: fc.integer({ min: 1, max: 120 }),
  waits: fc.integer({ min: 0, max: 3 }),
  failure: fc.constantFrom("refused", "passes", "short"),
});

describe("parts side by side", () => {
  it("give a prefix of the content whatever happens, all of it where nothing is refused, and hold no more than their share", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { maxLength: 30 }),
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 999 }),
        fc.integer({ min: 0, max: 2 }),
        async (fates, partBytes, parts, start, slowness) => {
          // What brings nothing is waited for: that is tried below.
          const { fetch, seen } = fetching(
            fates.map((one) =>
              one.failure === "refused" ? one : { ...one, brings: Math.max(one.brings, 0.5) },
            ),
          );
          let connections = 0;
          let given = 0;
          let furthest = 0;
          const onConnection = (change: number): void => {
            connections += change;
          };
          const ahead = new RangeParts((from, to, take, signal) => {
            furthest = Math.max(furthest, to - start - given);
            return fetch(from, to, take, signal);
          }, optionsOf({ start, partBytes, parts, onConnection }));
          ahead.grow(parts);
          const came: number[] = [];
          for await (const chunk of ahead.chunks()) {
            came.push(...chunk);
            given = came.length;
            await turns(slowness);
          }
          await ahead.stop();
          expect(came).toEqual([...content.subarray(start, start + came.length)]);
          const wasRefused = fates
            .slice(0, seen.requests)
            .some((one) => one.failure === "refused" && one.brings < 1);
          const mayEnd = wasRefused || fates.some(({ brings }) => brings < 0.5);
          if (!mayEnd && partBytes > 1) expect(came).toHaveLength(content.byteLength - start);
          expect(seen.together).toBeLessThanOrEqual(parts);
          // The chunk that is being taken still lies in its part.
          expect(furthest).toBeLessThanOrEqual(parts * partBytes);
          expect(connections).toBe(0);
          expect(seen.running).toBe(0);
        },
      ),
      { numRuns: 150 },
    );
  });

  it("are asked for one by one where there may be no more connections", async () => {
    const { fetch, seen } = fetching([]);
    const ahead = new RangeParts(fetch, optionsOf({ mayGrow: () => false }));
    ahead.grow(4);
    let came = 0;
    for await (const chunk of ahead.chunks()) came += chunk.byteLength;
    expect([came, seen.together]).toEqual([content.byteLength, 1]);
  });

  it("go on with a connection fewer where one brings nothing, and end where the last one does", async () => {
    const nothing: Fate = { brings: 0, piece: 1, waits: 0, failure: "passes" };
    const reasons: string[] = [];
    const onRetry = (reason: string): void => void reasons.push(reason);
    const some = fetching([nothing, nothing]);
    const going = new RangeParts(some.fetch, optionsOf({ onRetry }));
    going.grow(3);
    let came = 0;
    for await (const chunk of going.chunks()) came += chunk.byteLength;
    expect(came).toBe(content.byteLength);
    expect(reasons).toEqual(["429", "429"]);

    const none = fetching(Array.from({ length: 20 }, () => nothing));
    const ending = new RangeParts(none.fetch, optionsOf());
    ending.grow(3);
    for await (const chunk of ending.chunks()) expect.unreachable(`${chunk.byteLength} bytes`);
    expect(none.seen.requests).toBe(3);
    expect(ending.hasEnded).toBe(true);
  });

  it("reject with the reason of the signal, and wait for what is under way when they are stopped", async () => {
    const slow: Fate = { brings: 1, piece: 1, waits: 2, failure: "refused" };
    const { fetch, seen } = fetching(Array.from({ length: 10 }, () => slow));
    const controller = new AbortController();
    const ahead = new RangeParts(fetch, optionsOf({ signal: controller.signal }));
    ahead.grow(4);
    const reason = new Error("enough");
    const reading = (async () => {
      for await (const chunk of ahead.chunks()) if (chunk.byteLength > 0) controller.abort(reason);
    })();
    await expect(reading).rejects.toBe(reason);
    await ahead.stop();
    expect(seen.running).toBe(0);
  });
});
