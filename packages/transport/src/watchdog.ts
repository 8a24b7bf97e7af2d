import { TransportError } from "./errors.ts";

/** The deadlines of one exchange, in milliseconds where not said otherwise; 0 turns one off. */
export interface ExchangeLimits {
  /** From the request's last byte to the final status and headers; interim answers (1xx) do not extend it. */
  readonly headersTimeoutMs: number;
  /** Without a byte of either body moving. */
  readonly idleTimeoutMs: number;
  /** A body slower than this on average over {@link minRateWindowMs} is given up. */
  readonly minBytesPerSecond: number;
  readonly minRateWindowMs: number;
}

export const DEFAULT_LIMITS: ExchangeLimits = {
  headersTimeoutMs: 30_000,
  idleTimeoutMs: 60_000,
  // One byte a second evades any idle timeout; no line that is of use is slower than a modem of 1980.
  minBytesPerSecond: 1_024,
  minRateWindowMs: 60_000,
};

/** A timer beyond this fires at once. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

type Phase = "idle" | "sending" | "waiting" | "receiving";

/**
 * Watches one exchange with a single timer, re-armed only when it fires, so that progress costs a clock reading. Time in
 * which our own side is slow (a sink that is still writing, a source that is still reading) does not count.
 */
export class Watchdog {
  readonly #limits: ExchangeLimits;
  readonly #expired: (error: TransportError) => void;
  readonly #host: string;
  #phase: Phase = "idle";
  #lastProgressAt = 0;
  #windowStartedAt = 0;
  #windowBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #firesAt = 0;

  constructor(limits: ExchangeLimits, host: string, expired: (error: TransportError) => void) {
    this.#limits = limits;
    this.#host = host;
    this.#expired = expired;
  }

  /** Part of the request's body is on its way. */
  sending(): void {
    this.#enter("sending");
  }

  /** The request is out, and the answer's head is awaited. */
  waiting(): void {
    if (this.#phase !== "waiting") this.#enter("waiting");
  }

  /** So many bytes of the answer's body came. */
  receiving(bytes: number): void {
    if (this.#phase !== "receiving") {
      this.#windowStartedAt = performance.now();
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    this.#enter("receiving");
  }

  /** Our own side holds things up. */
  pause(): void {
    this.#phase = "idle";
  }

  stop(): void {
    this.#phase = "idle";
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #enter(phase: Phase): void {
    const entered = phase !== this.#phase;
    this.#phase = phase;
    this.#lastProgressAt = performance.now();
    if (this.#timer === undefined || (entered && this.#dueAt() < this.#firesAt)) this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = this.#dueAt();
    if (this.#firesAt === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(
      Math.max(1, Math.ceil(this.#firesAt - performance.now())),
      LONGEST_TIMER_MILLISECONDS,
    );
    this.#timer = setTimeout(() => this.#check(), delayMs);
  }

  #dueAt(): number {
    const after = (from: number, limit: number): number =>
      limit > 0 ? from + limit : Number.POSITIVE_INFINITY;
    const idleAt = after(this.#lastProgressAt, this.#limits.idleTimeoutMs);
    if (this.#phase === "waiting") return after(this.#lastProgressAt, this.#limits.headersTimeoutMs);
    if (this.#phase === "receiving" && this.#limits.minBytesPerSecond > 0) {
      return Math.min(idleAt, after(this.#windowStartedAt, this.#limits.minRateWindowMs));
    }
    return idleAt;
  }

  #check(): void {
    this.#timer = undefined;
    if (this.#phase === "idle") return;
    const now = performance.now();
    if (now < this.#dueAt() - 1) {
      this.#arm();
      return;
    }
    const problem = this.#problem(now);
    if (problem === undefined) {
      this.#windowStartedAt = now;
      this.#windowBytes = 0;
      this.#arm();
      return;
    }
    this.stop();
    this.#expired(new TransportError("TIMEOUT", problem));
  }

  #problem(now: number): string | undefined {
    const { headersTimeoutMs, idleTimeoutMs, minBytesPerSecond, minRateWindowMs } = this.#limits;
    if (this.#phase === "waiting") return `${this.#host} sent no answer within ${seconds(headersTimeoutMs)}`;
    if (idleTimeoutMs > 0 && now >= this.#lastProgressAt + idleTimeoutMs - 1) {
      const what = this.#phase === "sending" ? "took no byte of the request" : "sent no further byte";
      return `${this.#host} ${what} for ${seconds(idleTimeoutMs)}`;
    }
    if (this.#phase === "receiving" && minBytesPerSecond > 0) {
      const elapsed = (now - this.#windowStartedAt) / 1_000;
      if (this.#windowBytes < minBytesPerSecond * elapsed) {
        return `${this.#host} sent less than ${minBytesPerSecond} bytes a second for ${seconds(minRateWindowMs)}`;
      }
    }
    return undefined;
  }
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`;
}
