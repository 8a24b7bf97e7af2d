import { BoundedMap } from "./bounded-map.ts";
import { SingleFlight } from "./single-flight.ts";

/** A secret that ends by itself. */
export interface Expiring<T> {
  readonly value: T;
  /** When it stops being good; without one it is asked for again after {@link UNKNOWN_LIFETIME_MS}. */
  readonly expiresAt?: Date | undefined;
}

/** Before a secret ends, so that what begins with it can finish. */
const MARGIN_MS = 5 * 60_000;
/** Long enough to spare the source, shorter than anything clouds hand out. */
const UNKNOWN_LIFETIME_MS = 10 * 60_000;
const KEPT_MAX = 256;

/** Keeps what a source hands out until shortly before it ends; one question a key at a time. */
export class ExpiringCache<T> {
  readonly #held = new BoundedMap<string, { readonly value: T; readonly until: number }>(KEPT_MAX);
  readonly #flights = new SingleFlight<T>();

  async get(
    key: string,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<Expiring<T>>,
  ): Promise<T> {
    const held = this.#held.get(key);
    if (held !== undefined && performance.now() < held.until) return held.value;
    return this.#flights.run(key, signal, async (shared) => {
      const { value, expiresAt } = await ask(shared);
      const leftMs =
        expiresAt === undefined ? UNKNOWN_LIFETIME_MS : expiresAt.getTime() - Date.now() - MARGIN_MS;
      if (leftMs > 0) this.#held.set(key, { value, until: performance.now() + leftMs });
      return value;
    });
  }
}
