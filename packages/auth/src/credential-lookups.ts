import { BoundedMap } from "./bounded-map.ts";
import {
  type Credential,
  type CredentialKey,
  type CredentialStore,
  getAllCredentials,
} from "./credential.ts";
import type { AuthTrace } from "./events.ts";
import { SingleFlight } from "./single-flight.ts";

/** A lookup's result: what was found, the best first, or why nothing could be. */
export interface Found {
  readonly credentials: readonly Credential[];
  readonly failure?: unknown;
}

const LOOKUPS_MAX = 1000;
/** How long a credential is taken to be unchanged: a helper is a process, and not to be started for every request. */
const REMEMBERED_MS = 60_000;
/** A helper that hangs should not be waited for again at once, and one that was repaired should soon be asked. */
const FAILURE_REMEMBERED_MS = 10_000;
/** Of several requests refused together only the first looks again. */
const REFRESH_AFTER_MS = 1000;

/** Asks the credential store once for many requests. A failure is no obstacle to what is public, so it is a result. */
export class CredentialLookups {
  readonly #store: CredentialStore | undefined;
  readonly #clock: () => number;
  readonly #trace: AuthTrace | undefined;
  readonly #held = new BoundedMap<string, { readonly found: Found; readonly at: number }>(LOOKUPS_MAX);
  readonly #flights = new SingleFlight<Found>();

  constructor(store: CredentialStore | undefined, clock: () => number, trace: AuthTrace | undefined) {
    this.#store = store;
    this.#clock = clock;
    this.#trace = trace;
  }

  async get(key: CredentialKey, signal: AbortSignal | undefined): Promise<Found> {
    const store = this.#store;
    if (store === undefined) return { credentials: [] };
    const name = nameOf(key);
    const held = this.#held.get(name);
    if (held !== undefined) {
      const goodForMs = held.found.failure === undefined ? REMEMBERED_MS : FAILURE_REMEMBERED_MS;
      if (this.#clock() - held.at < goodForMs) return held.found;
    }
    return this.#flights.run(name, signal, async (shared) => {
      const found = await this.#ask(store, key, shared);
      this.#held.set(name, { found, at: this.#clock() });
      return found;
    });
  }

  forget(key: CredentialKey): void {
    this.#held.delete(nameOf(key));
  }

  /** After a refusal: somebody may have signed in anew meanwhile. */
  refresh(key: CredentialKey): void {
    const held = this.#held.get(nameOf(key));
    if (held !== undefined && this.#clock() - held.at >= REFRESH_AFTER_MS) this.forget(key);
  }

  async #ask(store: CredentialStore, key: CredentialKey, signal: AbortSignal): Promise<Found> {
    const trace = this.#trace;
    try {
      const credentials = await getAllCredentials(store, key, {
        signal,
        ...(trace === undefined ? {} : { trace: (lookup) => trace({ kind: "lookup", ...lookup }) }),
      });
      return { credentials };
    } catch (failure) {
      signal.throwIfAborted();
      return { credentials: [], failure };
    }
  }
}

function nameOf(key: CredentialKey): string {
  return `${key.registry}\n${key.repository ?? ""}`;
}
