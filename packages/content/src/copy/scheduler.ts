import { adaptiveLimit, fixedLimit } from "./adaptive-limit.ts";

/** The budgets of a {@link Scheduler}. */
export interface SchedulerOptions {
  /**
   * Requests and transfers in flight, in all. By default as many as pay: 24, and up to 64 small ones where a round trip
   * is what takes the time, as long as they hold 24 MiB together at most. A number is kept to.
   */
  readonly concurrency?: number | undefined;
  /** Large transfers among them. Default 3: as many as fill a fast line; more only share it. */
  readonly largeConcurrency?: number | undefined;
  /** The most that one host is asked at a time, by `host`; `*` is for those not named. Default: no bound of its own. */
  readonly perHost?: Readonly<Record<string, number>> | undefined;
  /** For tests: a clock in milliseconds that never goes back. */
  readonly now?: (() => number) | undefined;
}

/** What a {@link Scheduler} has to know of a request or transfer. */
export interface Job {
  /** Bytes to be moved; 0 for a question. Decides the lane, and in the lane of large ones the order. */
  readonly size: number;
  /** The hosts it keeps busy. A copy between registries names both: it gets both places at once, or waits for both. */
  readonly hosts?: readonly (string | undefined)[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Decides what runs when: see {@link createScheduler}. */
export interface Scheduler {
  /**
   * Runs a task when there is a place for it. The task may say that it asks no host for anything any more: what is left
   * of it, waiting for the disk most likely, then keeps nobody else waiting.
   */
  run<T>(job: Job, task: (leave: () => void) => Promise<T>): Promise<T>;
}

/**
 * Makes a scheduler that several copies can share. Small jobs run in the order they came and never wait behind large
 * ones; large ones run the largest first, so that the last to finish is not the longest. A job takes all its places at
 * once and none while it waits, so that copies in opposite directions cannot lock each other out.
 *
 * @example
 * ```ts
 * import { createScheduler } from "@reg/content";
 * const scheduler = createScheduler({ concurrency: 8, perHost: { "registry-1.docker.io": 2 } });
 * const answer = await scheduler.run({ size: 0, hosts: ["registry-1.docker.io"] }, async () => 42);
 * console.log(answer); // 42
 * ```
 */
export function createScheduler(options: SchedulerOptions = {}): Scheduler {
  const limit =
    options.concurrency === undefined ? adaptiveLimit() : fixedLimit(atLeastOne(options.concurrency));
  const largeConcurrency = Math.min(atLeastOne(options.largeConcurrency ?? 3), limit.places);
  const now = options.now ?? (() => performance.now());
  const perHost = new Map(Object.entries(options.perHost ?? {}));
  const busy = new Map<string, number>();
  const small = new Set<Waiting>();
  const large: Waiting[] = [];
  let active = 0;
  let activeLarge = 0;
  let smallBytes = 0;
  let leaving = 0;

  const hasPlace = (host: string): boolean =>
    (busy.get(host) ?? 0) < atLeastOne(perHost.get(host) ?? perHost.get("*") ?? Number.POSITIVE_INFINITY);

  const take = (job: Waiting, sign: 1 | -1): void => {
    active += sign;
    if (job.large) activeLarge += sign;
    else smallBytes += sign * job.size;
    for (const host of job.hosts) busy.set(host, (busy.get(host) ?? 0) + sign);
  };

  const startNext = (): boolean => {
    if (!limit.admits(active, smallBytes)) return false;
    if (activeLarge < largeConcurrency) {
      const index = large.findIndex((job) => job.hosts.every(hasPlace));
      const [job] = index < 0 ? [] : large.splice(index, 1);
      if (job !== undefined) {
        take(job, 1);
        job.start();
        return true;
      }
    }
    for (const job of small) {
      if (!job.hosts.every(hasPlace)) continue;
      if (!limit.admits(active, smallBytes + job.size)) return false;
      small.delete(job);
      take(job, 1);
      job.start();
      return true;
    }
    return false;
  };

  const startAll = (): void => {
    while (startNext());
  };

  const place = ({ size, signal, hosts = [] }: Job): Promise<Waiting> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const waiting: Waiting = {
        size,
        large: size > LARGE_BYTES,
        hosts: [...new Set(hosts.filter((host) => host !== undefined))],
        start: () => {
          forget?.();
          resolve(waiting);
        },
      };
      const forget = onAbort(signal, () => {
        small.delete(waiting);
        const index = large.indexOf(waiting);
        if (index >= 0) large.splice(index, 1);
        reject(signal?.reason);
      });
      if (waiting.large) insertBySize(large, waiting);
      else small.add(waiting);
      // Later, so that jobs handed in together are sorted before the first of them starts.
      queueMicrotask(startAll);
    });

  return {
    async run(job, task) {
      const taken = await place(job);
      const startedAt = now();
      let hasLeft = false;
      const learn = (): void => {
        if (taken.large || taken.hosts.length === 0) return;
        const kind = `${job.size > 0 ? "transfer" : "question"} ${taken.hosts.join(" ")}`;
        limit.finished(kind, now() - startedAt, small.size > 0);
      };
      const leave = (): void => {
        if (hasLeft || leaving >= MAX_LEAVING) return;
        hasLeft = true;
        leaving += 1;
        learn();
        take(taken, -1);
        startAll();
      };
      try {
        const result = await task(leave);
        if (!hasLeft) learn();
        return result;
      } catch (error) {
        limit.failed();
        throw error;
      } finally {
        if (hasLeft) leaving -= 1;
        else take(taken, -1);
        startAll();
      }
    },
  };
}

/** Above this a transfer takes longer than a round trip on most lines, and counts as large. */
const LARGE_BYTES = 1024 * 1024;

/** A disk slower than the network gets no further behind than this: each of them may hold a file open. */
const MAX_LEAVING = 32;

/** What is to be done for each signal: one listener does it all, for signals search their listeners one by one. */
const aborts = new WeakMap<AbortSignal, Set<() => void>>();

/** Gives a function that forgets it again. */
function onAbort(signal: AbortSignal | undefined, react: () => void): (() => void) | undefined {
  if (signal === undefined) return undefined;
  const reactions = aborts.get(signal) ?? listenTo(signal);
  reactions.add(react);
  return () => void reactions.delete(react);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const reactions = new Set<() => void>();
  aborts.set(signal, reactions);
  const listener = (): void => {
    for (const react of reactions) react();
  };
  signal.addEventListener("abort", listener, { once: true });
  return reactions;
}

interface Waiting {
  readonly size: number;
  readonly large: boolean;
  readonly hosts: readonly string[];
  start(): void;
}

/** Keeps the list in falling order of size; equals stay in the order they came. */
function insertBySize(list: Waiting[], job: Waiting): void {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle]?.size ?? 0) >= job.size) low = middle + 1;
    else high = middle;
  }
  list.splice(low, 0, job);
}

function atLeastOne(value: number): number {
  return Math.max(value, 1);
}
