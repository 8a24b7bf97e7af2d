import type { ThrottleLimits } from "./with-throttle.ts";

type Kind = "plain" | "download" | "upload";

interface Lane {
  running: number;
  runningLarge: number;
  /** Each is called when its turn has come. */
  readonly small: (() => void)[];
  readonly large: (() => void)[];
}

/** Several answers of one burst tell the same story: the limit is halved once in this time. */
const HALVING_MILLISECONDS = 1_000;

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

  constructor(limits: ThrottleLimits) {
    this.#limits = limits;
    this.#limit = limits.perHost;
    this.#tokens = limits.rate?.requests ?? 0;
    this.#refilledAt = limits.now();
  }

  /** Nothing runs, waits, or is remembered that a new queue would not know. */
  get isIdle(): boolean {
    const lanes = Object.values(this.#lanes);
    if (this.#limits.rate !== undefined || this.#limit < this.#limits.perHost) return false;
    return lanes.every((lane) => lane.running === 0 && lane.small.length === 0 && lane.large.length === 0);
  }

  /** Waits for a place, and resolves with what gives it back. Rejects with the signal's reason. */
  async enter(kind: Kind, large: boolean, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const lane = this.#lanes[kind];
    const line = large ? lane.large : lane.small;
    await new Promise<void>((resolve, reject) => {
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
    return () => {
      lane.running--;
      if (large) lane.runningLarge--;
      for (const other of Object.values(this.#lanes)) this.#admit(other);
    };
  }

  /** The host says that it is asked too much. */
  overloaded(): void {
    const now = this.#limits.now();
    if (!this.#limits.adaptive || now - this.#halvedAt < HALVING_MILLISECONDS) return;
    this.#halvedAt = now;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
  }

  /** As many successes as the limit allows at once raise it by one. */
  succeeded(): void {
    this.#limit = Math.min(this.#limits.perHost, this.#limit + 1 / this.#limit);
  }

  /** Small ones go first: they cost little, and others often wait for what they bring. */
  #admit(lane: Lane): void {
    const limit = Math.floor(this.#limit);
    while (lane.running < limit) {
      const mayBeLarge = lane.runningLarge < Math.min(this.#limits.largePerHost, limit);
      const large = lane.small.length === 0;
      if (large && (lane.large.length === 0 || !mayBeLarge)) return;
      if (!this.#takeToken()) return;
      lane.running++;
      if (large) lane.runningLarge++;
      (large ? lane.large : lane.small).shift()?.();
    }
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
        for (const lane of Object.values(this.#lanes)) this.#admit(lane);
      },
      Math.ceil(((1 - this.#tokens) * rate.perMs) / rate.requests),
    );
    return false;
  }
}
