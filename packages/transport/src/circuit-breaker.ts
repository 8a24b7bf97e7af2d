/** The first pause of a mirror that failed; doubled with each further failure. */
const FIRST_PAUSE_MILLISECONDS = 30_000;
const LONGEST_PAUSE_MILLISECONDS = 300_000;

/** Remembers who failed lately, so that a dead host is asked once and then left alone for a while. */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #failed = new Map<string, { times: number; until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  isOpen(name: string): boolean {
    const failed = this.#failed.get(name);
    return failed !== undefined && this.#now() < failed.until;
  }

  failed(name: string): void {
    const times = (this.#failed.get(name)?.times ?? 0) + 1;
    const pause = Math.min(FIRST_PAUSE_MILLISECONDS * 2 ** (times - 1), LONGEST_PAUSE_MILLISECONDS);
    this.#failed.set(name, { times, until: this.#now() + pause });
  }

  succeeded(name: string): void {
    this.#failed.delete(name);
  }
}
