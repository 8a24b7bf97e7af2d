import { Deadline } from "./deadline.ts";
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

type Phase = "idle" | "sending" | "waiting" | "receiving" | "stopped";

/** Who is told that a deadline has passed. */
export interface Watched {
  expired(error: TransportError): void;
}

/**
 * Watches one exchange. All of them share one timer, which is set to the earliest deadline and looks at each of them when
 * it fires, so that progress costs a clock reading and a short request no timer of its own. Time in which our own side
 * is slow (a sink that is still writing, a source that is still reading) does not count.
 */
export class Watchdog extends Deadline {
  readonly #limits: ExchangeLimits;
  readonly #watched: Watched;
  readonly #url: URL;
  #phase: Phase = "idle";
  #lastProgressAt = 0;
  #windowStartedAt = 0;
  #windowBytes = 0;

  constructor(limits: ExchangeLimits, url: URL, watched: Watched) {
    super();
    this.#limits = limits;
    this.#url = url;
    this.#watched = watched;
  }

  /** Part of the request's body is on its way. */
  sending(): void {
    this.#enter("sending", performance.now());
  }

  /** The request is out, and the answer's head is awaited. */
  waiting(): void {
    if (this.#phase !== "waiting") this.#enter("waiting", performance.now());
  }

  /** So many bytes of the answer's body came. */
  receiving(bytes: number): void {
    const now = performance.now();
    if (this.#phase !== "receiving") {
      this.#windowStartedAt = now;
      this.#windowBytes = 0;
    }
    this.#windowBytes += bytes;
    this.#enter("receiving", now);
  }

  /** Our own side holds things up. */
  pause(): void {
    if (this.#phase !== "stopped") this.#phase = "idle";
  }

  /** For good: a server may answer before the request's body has told that it is at its end. */
  stop(): void {
    this.#phase = "stopped";
    this.forget();
  }

  protected dueAt(): number {
    if (this.#phase === "idle" || this.#phase === "stopped") return Number.POSITIVE_INFINITY;
    const idleAt = after(this.#lastProgressAt, this.#limits.idleTimeoutMs);
    if (this.#phase === "waiting") return after(this.#lastProgressAt, this.#limits.headersTimeoutMs);
    if (this.#phase === "receiving" && this.#limits.minBytesPerSecond > 0) {
      return Math.min(idleAt, after(this.#windowStartedAt, this.#limits.minRateWindowMs));
    }
    return idleAt;
  }

  protected due(now: number): void {
    const problem = this.#problem(now);
    if (problem === undefined) {
      this.#windowStartedAt = now;
      this.#windowBytes = 0;
      return;
    }
    this.stop();
    this.#watched.expired(new TransportError("TIMEOUT", problem));
  }

  #enter(phase: Phase, now: number): void {
    if (this.#phase === "stopped") return;
    const entered = phase !== this.#phase;
    this.#phase = phase;
    this.#lastProgressAt = now;
    if (entered) this.keep(now);
  }

  #problem(now: number): string | undefined {
    const { headersTimeoutMs, idleTimeoutMs, minBytesPerSecond, minRateWindowMs } = this.#limits;
    const { host } = this.#url;
    if (this.#phase === "waiting") return `${host} sent no answer within ${seconds(headersTimeoutMs)}`;
    if (idleTimeoutMs > 0 && now >= this.#lastProgressAt + idleTimeoutMs - 1) {
      const what = this.#phase === "sending" ? "took no byte of the request" : "sent no further byte";
      return `${host} ${what} for ${seconds(idleTimeoutMs)}`;
    }
    if (this.#phase === "receiving" && minBytesPerSecond > 0) {
      const elapsed = (now - this.#windowStartedAt) / 1_000;
      if (this.#windowBytes < minBytesPerSecond * elapsed) {
        return `${host} sent less than ${minBytesPerSecond} bytes a second for ${seconds(minRateWindowMs)}`;
      }
    }
    return undefined;
  }
}

function after(from: number, limitMs: number): number {
  return limitMs > 0 ? from + limitMs : Number.POSITIVE_INFINITY;
}

function seconds(milliseconds: number): string {
  return `${milliseconds / 1_000} s`;
}
