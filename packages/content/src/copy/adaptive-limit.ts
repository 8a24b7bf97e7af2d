/** How many small jobs are in flight at a time. */
export interface JobLimit {
  readonly places: number;
  /** Whether one more may start beside those active, all the small ones together of so many bytes. */
  admits(active: number, smallBytes: number): boolean;
  /**
   * Told of each small job that asked a host for something.
   *
   * @param kind - what is alike: jobs of one kind take about as long.
   * @param crowded - others wait for a place.
   */
  finished(kind: string, elapsedMs: number, crowded: boolean): void;
  /** A job failed. */
  failed(): void;
}

/** As many as the caller wants, come what may. */
export function fixedLimit(places: number): JobLimit {
  return {
    places,
    admits: (active) => active < places,
    finished: () => undefined,
    failed: () => undefined,
  };
}

/**
 * Finds out how many pay. Where the way is long, a job is on its way most of its time, and more of them at once take no
 * longer: then each that was about as quick as the quickest of its kind makes room for one more. One that took several
 * times as long had to wait for the others, at the host or on a line that is full, and takes a place away again.
 */
export function adaptiveLimit(): JobLimit {
  const quickest = new Map<string, number>();
  let places = LEAST_PLACES;
  return {
    get places() {
      return places;
    },
    admits: (active, smallBytes) =>
      active < LEAST_PLACES || (active < places && smallBytes <= MOST_SMALL_BYTES),
    finished(kind, elapsedMs, crowded) {
      const best = Math.min(quickest.get(kind) ?? elapsedMs, elapsedMs);
      if (quickest.size >= MAX_KINDS) quickest.clear();
      // What was quickest once is forgotten by and by: a host may have moved further away, or got more to do.
      quickest.set(kind, best + (elapsedMs - best) / FORGETTING_JOBS);
      if (best < ROUND_TRIP_MILLISECONDS) return;
      if (elapsedMs > best * WAITED_FACTOR) places = Math.max(LEAST_PLACES, places - 1);
      else if (crowded && elapsedMs <= best * ALIKE_FACTOR) places = Math.min(MOST_PLACES, places + 1);
    },
    failed() {
      places = Math.max(LEAST_PLACES, Math.floor(places / 2));
    },
  };
}

/** Small jobs in flight before anything is known: enough for a registry nearby. */
const LEAST_PLACES = 24;
/** Content that may be on its way in memory: no more than where {@link LEAST_PLACES} jobs are as large as small ones get. */
const MOST_SMALL_BYTES = LEAST_PLACES * 1024 * 1024;
/** At a round trip of 20 ms 64 gain a third over 24; every one of them costs a connection. */
const MOST_PLACES = 64;
/** A host in the same building answers sooner, and what it takes is its own work: more at once would not help it. */
const ROUND_TRIP_MILLISECONDS = 5;
const ALIKE_FACTOR = 1.5;
const WAITED_FACTOR = 2.5;
const FORGETTING_JOBS = 10_000;
/** Two kinds a pair of hosts. */
const MAX_KINDS = 256;
