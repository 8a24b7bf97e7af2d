import type { TransportEvent, TransportObserver } from "./transport-event.ts";
import type { ThrottleLimits } from "./with-throttle.ts";

export type Kind = "plain" | "download" | "upload";

interface Lane {
  running: number;
  runningLarge: number;
  /** Each is called when its turn has come. */
  readonly small: (() => void)[];
  readonly large: (() => void)[];
}

/** Requests in flight before anything is known of a host. */
const FIRST_LIMIT = 24;
/** Several answers of one burst tell the same story: the limit is halved once in this time. */
const HALVING_MILLISECONDS = 1_000;
const RETRIES: ReadonlySet<TransportEvent["type"]> = new Set(["retry"]);

/** Whether a host says by this status that it is asked too much. */
export function isOverload(status: number | undefined): boolean {
  return status === 429 || status === 503;
}

/** Who may send to one host, and when. */
export class HostQueue {
  readonly #limits: ThrottleLimits;
  readonly #lanes: Readonly<Record<Kind, Lane>> = {
    plain: { running: 0, runningLarge: 0, small: [], large: [] },
    download: { running: 0, runningLarge: 0, small: [], large: [] },
    upload: { running: 0, runningLarge: 0, small: [], large: [] },
  };
  #limit: number;
  #halvedAt = Number.NEGATIVE_INFINITY;
  #tokens: number;
  #refilledAt: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Hears of answers that stand for too many requests although they were not the last word. */
  readonly observer: TransportObserver;

  constructor(limits: ThrottleLimits) {
    this.#limits = limits;
    this.#limit = Math.min(FIRST_LIMIT, limits.perHost);
    this.#tokens = limits.rate?.requests ?? 0;
    this.#refilledAt = limits.now();
    const hear: TransportObserver = (event) => {
      if (event.type === "retry" && isOverload(event.status)) this.overloaded();
    };
    this.observer = Object.assign(hear, { only: RETRIES });
  }

  /** Nothing runs, waits, or is remembered that a new queue would not know. */
  get isIdle(): boolean {
    const { rate, perHost } = this.#limits;
    if (rate !== undefined || (this.#isCareful && this.#limit < perHost)) return false;
    const { plain, download, upload } = this.#lanes;
    return isUnused(plain) && isUnused(download) && isUnused(upload);
  }

  /** Takes a place if there is one for a newcomer, as there mostly is. */
  tryEnter(kind: Kind, large: boolean): boolean {
    const lane = this.#lanes[kind];
    if (lane.small.length > 0 || (large && lane.large.length > 0)) return false;
    return this.#take(lane, large);
  }

  /** Waits for a place. Rejects with the signal's reason. */
  enter(kind: Kind, large: boolean, signal: AbortSignal | undefined): Promise<void> {
    const lane = this.#lanes[kind];
    const line = large ? lane.large : lane.small;
    return new Promise<void>((resolve, reject) => {
      signal?.throwIfAborted();
      const admit = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const leave = (): void => {
        line.splice(line.indexOf(admit), 1);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      line.push(admit);
      this.#admit(lane);
    });
  }

  /** Gives a place back. */
  leave(kind: Kind, large: boolean): void {
    const lane = this.#lanes[kind];
    lane.running--;
    if (large) lane.runningLarge--;
    this.#admitAll();
  }

  /** The host says that it is asked too much. */
  overloaded(): void {
    const now = this.#limits.now();
    if (!this.#limits.adaptive || now - this.#halvedAt < HALVING_MILLISECONDS) return;
    this.#halvedAt = now;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }

  /**
   * Until the host first said that it is too much, each success that others wait for raises the limit by one; from then
   * on as many as the limit allows at once.
   */
  succeeded(): void {
    const step = this.#isCareful ? 1 / this.#limit : this.#isCrowded ? 1 : 0;
    this.#limit = Math.min(this.#limits.perHost, this.#limit + step);
  }

  /** Small ones go first: they cost little, and others often wait for what they bring. */
  #admit(lane: Lane): void {
    while (lane.small.length > 0 || lane.large.length > 0) {
      const large = lane.small.length === 0;
      if (!this.#take(lane, large)) return;
      (large ? lane.large : lane.small).shift()?.();
    }
  }

  get #isCareful(): boolean {
    return this.#halvedAt !== Number.NEGATIVE_INFINITY;
  }

  get #isCrowded(): boolean {
    const { plain, download, upload } = this.#lanes;
    return plain.small.length > 0 || download.small.length > 0 || upload.small.length > 0;
  }

  #admitAll(): void {
    this.#admit(this.#lanes.plain);
    this.#admit(this.#lanes.download);
    this.#admit(this.#lanes.upload);
  }

  #take(lane: Lane, large: boolean): boolean {
    const limit = Math.floor(this.#limit);
    if (lane.running >= limit) return false;
    if (large && lane.runningLarge >= Math.min(this.#limits.largePerHost, limit)) return false;
    if (!this.#takeToken()) return false;
    lane.running++;
    if (large) lane.runningLarge++;
    return true;
  }

  #takeToken(): boolean {
    const { rate, now } = this.#limits;
    if (rate === undefined) return true;
    const elapsed = now() - this.#refilledAt;
    this.#refilledAt += elapsed;
    this.#tokens = Math.min(rate.requests, this.#tokens + (elapsed / rate.perMs) * rate.requests);
    if (this.#tokens >= 1) {
      this.#tokens--;
      return true;
    }
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#admitAll();
      },
      Math.ceil(((1 - this.#tokens) * rate.perMs) / rate.requests),
    );
    return false;
  }
}

function isUnused(lane: Lane): boolean {
  return lane.running === 0 && lane.small.length === 0 && lane.large.length === 0;
}
