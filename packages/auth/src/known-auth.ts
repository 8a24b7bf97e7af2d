import type { AuthRequest } from "./authenticator.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import { type RealmRules, resolveRealm } from "./realm.ts";

/** What a registry is known to ask for. */
export interface KnownAuth {
  readonly bearer: boolean;
  readonly basic: boolean;
  /** The token server; absent where the challenge names none that could be asked. */
  readonly realm?: URL | undefined;
  readonly service?: string | undefined;
  /** By the scopes of an operation, those the registry wanted for it. */
  readonly widened: BoundedMap<string, readonly string[]>;
}

/** Operations with wants of their own that are remembered for a registry. */
const WIDENED_MAX = 256;

/**
 * Folds challenges into what is known; `undefined` where none of them can be answered.
 *
 * @throws AuthError `POLICY_REFUSED` where the only way leads to a place no request may go to.
 */
export function learnChallenges(
  challenges: readonly Challenge[],
  registry: URL,
  rules: RealmRules,
  before: KnownAuth | undefined,
): KnownAuth | undefined {
  const basic = challenges.some(({ scheme }) => scheme === "basic");
  const bearers = challenges.filter(({ scheme }) => scheme === "bearer");
  // Harbor answers Basic alone to a token it does not like; the token server it named before is still the way.
  if (bearers.length === 0) return basic && before?.bearer === true ? { ...before, basic } : basicOnly(basic);
  let refusal: unknown;
  for (const { params } of bearers) {
    try {
      const realm = resolveRealm(params["realm"] ?? "", registry, rules);
      if (realm === undefined) continue;
      const service = params["service"];
      const same = before?.realm?.href === realm.href && before.service === service;
      return { bearer: true, basic, realm, service, widened: same ? before.widened : newWidened() };
    } catch (error) {
      refusal ??= error;
    }
  }
  if (refusal !== undefined && !basic) throw refusal;
  // A token that was refused may be answered by the reason alone (RFC 6750, section 3).
  if (before?.realm !== undefined) return { ...before, basic };
  return { bearer: true, basic, widened: newWidened() };
}

/** Asks the version check, which always has a challenge, for the one that an answer lacked. */
export async function pingChallenges(request: AuthRequest): Promise<Challenge[]> {
  const url = new URL("/v2/", request.url);
  const origin = request.url.origin;
  if (url.pathname === request.url.pathname) return [];
  const response = await request.transport({
    method: "GET",
    url,
    headers: {},
    signal: request.signal,
    context: { registry: request.registry, origin, scopes: [] },
  });
  await response.body.discard();
  if (response.url.origin !== origin) return [];
  return parseChallenges(response.headers.all("www-authenticate"));
}

function basicOnly(basic: boolean): KnownAuth | undefined {
  return basic ? { bearer: false, basic, widened: newWidened() } : undefined;
}

function newWidened(): BoundedMap<string, readonly string[]> {
  return new BoundedMap(WIDENED_MAX);
}
