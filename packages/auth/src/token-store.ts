import { BoundedMap } from "./bounded-map.ts";
import { coversScopes } from "./scope.ts";
import { SingleFlight } from "./single-flight.ts";
import type { TokenCache } from "./token-cache.ts";
import { isVisibleAscii, type TokenGrant } from "./token-exchange.ts";

/** What tells tokens apart. */
export interface TokenKey {
  /** The registry's origin: a token is good there alone. */
  readonly origin: string;
  readonly realm: string;
  readonly service: string | undefined;
  /** Sorted, as `mergeScopes` gives them. */
  readonly scopes: readonly string[];
  /** The credential the token was bought with; a secret, so it is kept in memory and hashed for anybody else. */
  readonly identity: string;
}

export interface TokenStoreOptions {
  /** Shared with other processes. */
  readonly shared?: TokenCache | undefined;
  /** Milliseconds on a clock that never jumps. */
  readonly clock: () => number;
}

interface Held {
  readonly scopes: readonly string[];
  readonly token: string;
  readonly receivedAt: number;
  readonly renewAt: number;
}

/** Origins, realms and identities one process signs in with at a time; beyond them the oldest is asked for again. */
const GROUPS_MAX = 256;
/** Scope sets a group holds; each op on another repository adds one. */
const TOKENS_PER_GROUP_MAX = 256;
const RENEW_AT_SHARE = 0.9;
/** A token younger than this was not refused for its age. */
const FRESH_MS = 10_000;
const LIFETIME_MAX_MS = 3_600_000;

/** The tokens of this process: each asked for once per scope set and lifetime, whoever needs it. */
export class TokenStore {
  readonly #groups = new BoundedMap<string, BoundedMap<string, Held>>(GROUPS_MAX);
  readonly #flights = new SingleFlight<string>();
  readonly #options: TokenStoreOptions;

  constructor(options: TokenStoreOptions) {
    this.#options = options;
  }

  /** A token that is still good, without asking anybody; one for more than is wanted will do. */
  find(key: TokenKey): string | undefined {
    const group = this.#groups.get(groupOf(key));
    if (group === undefined) return undefined;
    const now = this.#options.clock();
    const exact = group.get(key.scopes.join(" "));
    if (exact !== undefined && now < exact.renewAt) return exact.token;
    for (const [, held] of group.entries()) {
      if (now < held.renewAt && coversScopes(held.scopes, key.scopes)) return held.token;
    }
    return undefined;
  }

  /** A good token, bought by `ask` if there is none; one purchase a key at a time. */
  async get(
    key: TokenKey,
    signal: AbortSignal | undefined,
    ask: (signal: AbortSignal) => Promise<TokenGrant>,
  ): Promise<string> {
    const found = this.find(key);
    if (found !== undefined) return found;
    return this.#flights.run(`${groupOf(key)}\n${key.scopes.join(" ")}`, signal, async (shared) => {
      const external = await this.#getShared(key);
      if (external !== undefined) return external;
      const grant = await ask(shared);
      const now = this.#options.clock();
      this.#keep(key, grant.token, now, now + grant.lifetimeSeconds * 1000 * RENEW_AT_SHARE);
      await this.#setShared(key, grant);
      return grant.token;
    });
  }

  /** Forgets a token that was refused, wherever it is held. Says whether it had only just come. */
  async drop(key: TokenKey, token: string): Promise<"fresh" | "stale"> {
    const group = this.#groups.get(groupOf(key));
    let verdict: "fresh" | "stale" = "stale";
    const now = this.#options.clock();
    for (const [scopes, held] of [...(group?.entries() ?? [])]) {
      if (held.token !== token) continue;
      group?.delete(scopes);
      if (now - held.receivedAt < FRESH_MS) verdict = "fresh";
      await this.#dropShared({ ...key, scopes: held.scopes });
    }
    return verdict;
  }

  #keep(key: TokenKey, token: string, receivedAt: number, renewAt: number): void {
    const name = groupOf(key);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new BoundedMap<string, Held>(TOKENS_PER_GROUP_MAX);
      this.#groups.set(name, group);
    }
    group.set(key.scopes.join(" "), { scopes: key.scopes, token, receivedAt, renewAt });
  }

  async #getShared(key: TokenKey): Promise<string | undefined> {
    const { shared } = this.#options;
    const name = shared === undefined ? undefined : await hashOf(key);
    if (shared === undefined || name === undefined) return undefined;
    const held = await Promise.resolve()
      .then(() => shared.get(name))
      .catch(() => undefined);
    // Another process's clock is the same wall clock at best: what is left is believed up to the longest lifetime.
    const left = held === undefined ? 0 : Math.min(held.renewAt - Date.now(), LIFETIME_MAX_MS);
    if (held === undefined || !(left > 0) || !isVisibleAscii(held.token)) return undefined;
    // How old it is, nobody knows.
    this.#keep(key, held.token, Number.NEGATIVE_INFINITY, this.#options.clock() + left);
    return held.token;
  }

  async #setShared(key: TokenKey, grant: TokenGrant): Promise<void> {
    const { shared } = this.#options;
    const name = shared === undefined ? undefined : await hashOf(key);
    if (shared === undefined || name === undefined) return;
    const renewAt = Date.now() + grant.lifetimeSeconds * 1000 * RENEW_AT_SHARE;
    await Promise.resolve()
      .then(() => shared.set(name, { token: grant.token, renewAt, origin: key.origin }))
      .catch(() => {});
  }

  async #dropShared(key: TokenKey): Promise<void> {
    const { shared } = this.#options;
    const name = shared === undefined ? undefined : await hashOf(key);
    if (shared === undefined || name === undefined) return;
    await Promise.resolve()
      .then(() => shared.delete(name))
      .catch(() => {});
  }
}

function groupOf(key: TokenKey): string {
  return JSON.stringify([key.origin, key.realm, key.service ?? null, key.identity]);
}

/** Where a runtime has no digests (an insecure context in a browser), tokens are not shared. */
async function hashOf(key: TokenKey): Promise<string | undefined> {
  // Types say it is always there; runtimes do not.
  const subtle = (globalThis.crypto as Partial<typeof globalThis.crypto> | undefined)?.subtle;
  if (subtle === undefined) return undefined;
  const bytes = new TextEncoder().encode(JSON.stringify(["v1", groupOf(key), key.scopes]));
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
