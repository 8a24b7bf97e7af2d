import type { Authenticator, AuthRequest } from "./authenticator.ts";
import { BoundedMap } from "./bounded-map.ts";
import type { Credential, CredentialKey, CredentialStore } from "./credential.ts";
import { CredentialLookups, type Found } from "./credential-lookups.ts";
import { AuthError, isAuthError } from "./errors.ts";
import type { AuthTrace } from "./events.ts";
import { type KnownAuth, learnChallenges, pingChallenges } from "./known-auth.ts";
import { assertEncrypted, type RealmAllowances, type RealmRules } from "./realm.ts";
import { mergeScopes, parseScope, repositoryOf, splitScopes } from "./scope.ts";
import type { TokenCache } from "./token-cache.ts";
import { basicHeader, isVisibleAscii } from "./token-exchange.ts";
import { TokenServer } from "./token-server.ts";
import { type TokenKey, TokenStore } from "./token-store.ts";

export interface SignInOptions {
  /** Where credentials are looked up; none by default. */
  readonly credentials?: CredentialStore | undefined;
  /** Keeps tokens for other processes too; within this one they are kept anyway. */
  readonly tokenCache?: TokenCache | undefined;
  /** How token servers know this program (default `reg`). */
  readonly clientId?: string | undefined;
  /** Other sites a registry's credentials may go to. */
  readonly realms?: RealmAllowances | undefined;
  /** Hosts (or all) that get secrets over plain HTTP although they are not this machine. */
  readonly sendSecretsOverPlainHttp?: boolean | readonly string[] | undefined;
  /**
   * Whether a credential store that fails ends the request (default false: it goes on anonymously, and the failure is
   * told where that is refused too).
   */
  readonly requireCredentialStore?: boolean | undefined;
  /** Told when a token server replaces a refresh token, so that the new one can be kept. */
  readonly onRefreshToken?: ((registry: string, credential: Credential) => void | Promise<void>) | undefined;
  /** Milliseconds on a clock that never jumps (default `performance.now`). */
  readonly clock?: (() => number) | undefined;
  /** Told of each step. */
  readonly trace?: AuthTrace | undefined;
}

/** Registries and repositories one process talks to at a time; beyond them one costs a 401 again. */
const KNOWN_MAX = 1000;
const NOTHING: Promise<undefined> = Promise.resolve(undefined);

/** What the registry's last 401 said about the header that was sent. */
interface Refusal {
  readonly rejected: string | undefined;
  readonly scopes: readonly string[];
  readonly insufficient: boolean;
  readonly basicOffered: boolean;
  readonly attempt: number;
}

/** Signs requests in: which credential, which challenge, which scopes; the token's own story is {@link TokenServer}'s. */
export class SignIn implements Authenticator {
  readonly #options: SignInOptions;
  readonly #rules: RealmRules;
  /** By repository, as some registries have a token server for each, and by origin for those not seen yet. */
  readonly #known = new BoundedMap<string, KnownAuth>(KNOWN_MAX);
  readonly #lookups: CredentialLookups;
  readonly #tokens: TokenStore;
  readonly #server: TokenServer;

  constructor(options: SignInOptions) {
    const clock = options.clock ?? (() => performance.now());
    this.#options = options;
    this.#rules = options;
    this.#lookups = new CredentialLookups(options.credentials, clock, options.trace);
    this.#tokens = new TokenStore({ shared: options.tokenCache, clock });
    this.#server = new TokenServer({
      rules: options,
      clientId: options.clientId ?? "reg",
      onRefreshToken: options.onRefreshToken,
      trace: options.trace,
    });
  }

  async authenticate(request: AuthRequest): Promise<string | undefined> {
    request.signal?.throwIfAborted();
    const header = await this.#header(request);
    this.#options.trace?.({ kind: "authorization", scheme: schemeOf(header) });
    return header;
  }

  #header(request: AuthRequest): Promise<string | undefined> {
    if (request.signIn === "basic") return this.#withPassword(request);
    return request.attempt === 0 ? this.#ahead(request) : this.#again(request);
  }

  lookup(registry: string, scopes: readonly string[], signal: AbortSignal | undefined): Promise<Found> {
    return this.#lookups.get({ registry, repository: repositoryOf(scopes) }, signal);
  }

  /** Before the first answer: what this registry asked for last time. Nothing is sent to one that never asked. */
  #ahead(request: AuthRequest): Promise<string | undefined> {
    const known = this.#recall(request);
    return known === undefined ? NOTHING : this.#signAhead(request, known);
  }

  async #signAhead(request: AuthRequest, known: KnownAuth): Promise<string | undefined> {
    try {
      return await this.#sign(request, known, undefined);
    } catch (error) {
      request.signal?.throwIfAborted();
      for (const place of placesOf(request)) this.#known.delete(place);
      // A registry may have moved to another token server; then its next 401 names it.
      if (isAuthError(error) && error.code !== "PROTOCOL") throw error;
      return undefined;
    }
  }

  /** Where nobody asks for it by a challenge, and a token would not do: the account itself, once that is wanted. */
  async #withPassword(request: AuthRequest): Promise<string | undefined> {
    if (request.attempt === 0) return undefined;
    this.#options.trace?.({ kind: "challenge", challenges: request.challenges });
    const { credentials, failure } = await this.#lookups.get(keyOf(request), request.signal);
    for (const credential of credentials) {
      if (!("password" in credential)) continue;
      assertEncrypted(request.url, this.#rules);
      const header = basicHeader(credential.username, credential.password);
      if (header !== request.rejected) return header;
    }
    if (failure !== undefined) throw failure;
    return undefined;
  }

  async #again(request: AuthRequest): Promise<string | undefined> {
    this.#options.trace?.({ kind: "challenge", challenges: request.challenges });
    const before = this.#recall(request);
    let known = learnChallenges(request.challenges, request.url, this.#rules, before);
    // Some answer 401 without a challenge to anything but the version check.
    if (known === undefined && request.rejected === undefined) {
      known = learnChallenges(await pingChallenges(request), request.url, this.#rules, before);
    }
    known ??= before;
    if (known === undefined) return this.#giveUp(request);
    for (const place of placesOf(request)) this.#known.set(place, known);
    const bearer = request.challenges.find(({ scheme }) => scheme === "bearer");
    return this.#sign(request, known, {
      rejected: request.rejected,
      scopes: splitScopes(bearer?.params["scope"] ?? ""),
      insufficient: bearer?.params["error"] === "insufficient_scope",
      basicOffered: request.challenges.some(({ scheme }) => scheme === "basic"),
      attempt: request.attempt,
    });
  }

  async #sign(
    request: AuthRequest,
    known: KnownAuth,
    refusal: Refusal | undefined,
  ): Promise<string | undefined> {
    const key = keyOf(request);
    if (refusal?.rejected !== undefined) this.#lookups.refresh(key);
    const { credentials, failure } = await this.#lookups.get(key, request.signal);
    // Where signing in anonymously did not help, what went wrong with the credential is the reason to tell.
    const anonymous = this.#options.requireCredentialStore !== true && refusal?.rejected === undefined;
    if (failure !== undefined && !anonymous) throw failure;
    for (const credential of credentials.slice(0, -1)) {
      try {
        const header = await this.#signAs(credential, request, known, refusal, undefined);
        if (header !== undefined) return header;
      } catch (error) {
        if (!isRefused(error)) throw error;
      }
    }
    return this.#signAs(credentials.at(-1), request, known, refusal, failure);
  }

  /** With one credential, or with none; `failure` is the reason why there is none. */
  async #signAs(
    credential: Credential | undefined,
    request: AuthRequest,
    known: KnownAuth,
    refusal: Refusal | undefined,
    failure: unknown,
  ): Promise<string | undefined> {
    if (credential !== undefined && "registryToken" in credential && known.bearer) {
      assertEncrypted(request.url, this.#rules);
      if (!isVisibleAscii(credential.registryToken)) {
        const from = credential.source === undefined ? "" : ` from ${credential.source}`;
        throw new AuthError(
          "CONFIG",
          `the registry token${from} for ${request.registry} cannot stand in a header`,
        );
      }
      return unlessRejected(`Bearer ${credential.registryToken}`, refusal);
    }
    const basic =
      known.basic && credential !== undefined && "password" in credential ? credential : undefined;
    const bearerFailedTwice = refusal !== undefined && refusal.attempt > 1 && refusal.basicOffered;
    if (known.realm !== undefined && !(bearerFailedTwice && basic !== undefined)) {
      try {
        return await this.#bearer(request, { ...known, realm: known.realm }, credential, refusal);
      } catch (error) {
        const refused = isRefused(error);
        // Whoever signs in anew because of this should not have to wait.
        if (refused) this.#lookups.forget(keyOf(request));
        if (refused && failure !== undefined) throw failure;
        if (!refused || basic === undefined) throw error;
      }
    }
    if (basic !== undefined) {
      assertEncrypted(request.url, this.#rules);
      return unlessRejected(basicHeader(basic.username, basic.password), refusal);
    }
    if (failure !== undefined) throw failure;
    if (known.bearer && known.realm === undefined && !known.basic) {
      throw new AuthError(
        "PROTOCOL",
        `${request.registry} asks for a Bearer token but names no token server (realm) to get it from`,
        { registry: request.registry },
      );
    }
    return undefined;
  }

  async #bearer(
    request: AuthRequest,
    known: KnownAuth & { readonly realm: URL },
    credential: Credential | undefined,
    refusal: Refusal | undefined,
  ): Promise<string | undefined> {
    const { scopes, widened } = chooseScopes(request, known, refusal);
    const key: TokenKey = {
      origin: request.url.origin,
      realm: known.realm.href,
      service: known.service,
      scopes,
      identity: identityOf(credential),
    };
    const rejected = tokenOf(refusal?.rejected);
    if (rejected !== undefined) {
      const age = await this.#tokens.drop(key, rejected);
      // The same question to the same server has the same answer.
      if (age === "fresh" && refusal?.insufficient === true && !widened) return undefined;
    }
    const token = await this.#tokens.get(key, request.signal, (signal) =>
      this.#server.ask({ ...request, signal }, known, scopes, credential),
    );
    return `Bearer ${token}`;
  }

  #recall(request: AuthRequest): KnownAuth | undefined {
    for (const place of placesOf(request)) {
      const known = this.#known.get(place);
      if (known !== undefined) return known;
    }
    return undefined;
  }

  async #giveUp(request: AuthRequest): Promise<undefined> {
    const { failure } = await this.lookup(request.registry, request.scopes, request.signal);
    if (failure !== undefined) throw failure;
    return undefined;
  }
}

function keyOf(request: AuthRequest): CredentialKey {
  return { registry: request.registry, repository: repositoryOf(request.scopes) };
}

/** By the token server; another credential may fare better. */
function isRefused(error: unknown): boolean {
  return isAuthError(error) && error.code === "UNAUTHENTICATED";
}

/** Where something is known of a registry, the narrowest first. */
function placesOf(request: AuthRequest): readonly string[] {
  const { origin } = request.url;
  const repository = repositoryOf(request.scopes);
  return repository === undefined ? [origin] : [`${origin} ${repository}`, origin];
}

/**
 * The scopes of the operation, never those of a version check, whose challenge is a placeholder at some. To them come
 * those the registry names for this very request: kinds of its own (`aws`, `*`), more actions on the same repository,
 * and, once a token was refused, whatever it says was missing.
 */
function chooseScopes(
  request: AuthRequest,
  known: KnownAuth,
  refusal: Refusal | undefined,
): { readonly scopes: readonly string[]; readonly widened: boolean } {
  const own = mergeScopes(request.scopes);
  const name = own.join(" ");
  const before = known.widened.get(name) ?? own;
  if (refusal === undefined || isVersionCheck(request.url)) return { scopes: before, widened: false };
  const resources = new Set(own.map((scope) => resource(scope)));
  const wanted = refusal.scopes.filter(
    (scope) =>
      refusal.rejected !== undefined ||
      own.length === 0 ||
      resources.has(resource(scope)) ||
      !scope.startsWith("repository:"),
  );
  const scopes = mergeScopes(before, wanted);
  const widened = scopes.join(" ") !== before.join(" ");
  if (widened) known.widened.set(name, scopes);
  return { scopes, widened };
}

function resource(scope: string): string {
  const { type, name } = parseScope(scope);
  return `${type}:${name}`;
}

function isVersionCheck(url: URL): boolean {
  return url.pathname === "/v2/" || url.pathname === "/v2";
}

function unlessRejected(header: string, refusal: Refusal | undefined): string | undefined {
  return header === refusal?.rejected ? undefined : header;
}

function tokenOf(header: string | undefined): string | undefined {
  return header?.startsWith("Bearer ") === true ? header.slice("Bearer ".length) : undefined;
}

/** Worked out once for as long as a lookup's result is remembered. */
const identities = new WeakMap<Credential, string>();

function identityOf(credential: Credential | undefined): string {
  if (credential === undefined) return "";
  let identity = identities.get(credential);
  if (identity === undefined) {
    const { source: _, ...secret } = credential;
    identity = JSON.stringify(Object.entries(secret).sort(([a], [b]) => (a < b ? -1 : 1)));
    identities.set(credential, identity);
  }
  return identity;
}

function schemeOf(header: string | undefined): "basic" | "bearer" | "none" {
  if (header === undefined) return "none";
  return header.startsWith("Basic ") ? "basic" : "bearer";
}
