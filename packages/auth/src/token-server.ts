import type { AuthRequest } from "./authenticator.ts";
import { BoundedMap } from "./bounded-map.ts";
import { type Credential, credentialType } from "./credential.ts";
import { isAuthError } from "./errors.ts";
import type { AuthTrace } from "./events.ts";
import { readLimited } from "./read-limited.ts";
import { assertRealmMayHaveSecrets, type RealmRules } from "./realm.ts";
import { quoteForeign } from "./text.ts";
import {
  judgeTokenAnswer,
  TOKEN_ANSWER_LIMIT_BYTES,
  type TokenGrant,
  type TokenQuestion,
  type TokenRequest,
  tokenGet,
  tokenPost,
} from "./token-exchange.ts";

export interface TokenServerOptions {
  readonly rules: RealmRules;
  readonly clientId: string;
  readonly onRefreshToken?: ((registry: string, credential: Credential) => void | Promise<void>) | undefined;
  readonly trace?: AuthTrace | undefined;
}

type PasswordCredential = Extract<Credential, { readonly password: string }>;
type IdentityCredential = Extract<Credential, { readonly identityToken: string }>;

/** Refresh tokens and realms a process deals with. */
const REMEMBERED_MAX = 256;

/** Buys tokens: which request, with which secret, and what to try where a server does not know it. */
export class TokenServer {
  readonly #options: TokenServerOptions;
  /** By realm and the refresh token that is stored, the one that took its place. */
  readonly #rotated = new BoundedMap<string, string>(REMEMBERED_MAX);
  /** Realms that answered 404 or 405 to a POST: they know GET alone. */
  readonly #getOnly = new BoundedMap<string, true>(REMEMBERED_MAX);

  constructor(options: TokenServerOptions) {
    this.#options = options;
  }

  async ask(
    request: AuthRequest,
    from: { readonly realm: URL; readonly service?: string | undefined },
    scopes: readonly string[],
    credential: Credential | undefined,
  ): Promise<TokenGrant> {
    const question = { realm: from.realm, service: from.service, scopes, clientId: this.#options.clientId };
    try {
      const grant = await this.#exchange(request, question, credential);
      this.#options.trace?.({ kind: "token", lifetimeSeconds: grant.lifetimeSeconds });
      return grant;
    } catch (error) {
      if (isAuthError(error)) {
        this.#options.trace?.({ kind: "refusal", code: error.code, message: error.message });
      }
      throw error;
    }
  }

  async #exchange(
    request: AuthRequest,
    question: TokenQuestion,
    credential: Credential | undefined,
  ): Promise<TokenGrant> {
    if (credential === undefined || "registryToken" in credential) {
      return this.#send(request, question, tokenGet(question), undefined, []);
    }
    await assertRealmMayHaveSecrets(question.realm, request.url, this.#options.rules);
    return "identityToken" in credential
      ? this.#withIdentity(request, question, credential)
      : this.#withPassword(request, question, credential);
  }

  async #withPassword(
    request: AuthRequest,
    question: TokenQuestion,
    credential: PasswordCredential,
  ): Promise<TokenGrant> {
    const secrets = [credential.password];
    try {
      return await this.#send(request, question, tokenGet(question, credential), credential, secrets);
    } catch (error) {
      if (!isAuthError(error) || error.status !== 405) throw error;
      return this.#send(request, question, tokenPost(question, credential), credential, secrets);
    }
  }

  async #withIdentity(
    request: AuthRequest,
    question: TokenQuestion,
    credential: IdentityCredential,
  ): Promise<TokenGrant> {
    const stored = credential.identityToken;
    const place = JSON.stringify([question.realm.href, stored]);
    const current = this.#rotated.get(place);
    if (this.#getOnly.get(question.realm.href) === undefined) {
      try {
        return await this.#refresh(request, question, credential, current ?? stored, place);
      } catch (error) {
        if (!isAuthError(error)) throw error;
        const { status } = error;
        // The replacement was lost or withdrawn: the stored one may have been renewed by somebody else.
        if (current !== undefined && (status === 400 || status === 401)) {
          this.#rotated.delete(place);
          return this.#refresh(request, question, credential, stored, place);
        }
        const unknown = status === 404 || status === 405;
        const unwilling = (status === 400 || status === 401) && (credential.username ?? "") !== "";
        if (!unknown && !unwilling) throw error;
        if (unknown) this.#getOnly.set(question.realm.href, true);
      }
    }
    const basic = { username: credential.username ?? "", password: stored };
    return this.#send(request, question, tokenGet(question, basic), credential, [stored]);
  }

  async #refresh(
    request: AuthRequest,
    question: TokenQuestion,
    credential: IdentityCredential,
    refreshToken: string,
    place: string,
  ): Promise<TokenGrant> {
    const secrets = [refreshToken];
    const grant = await this.#send(
      request,
      question,
      tokenPost(question, { refreshToken }),
      credential,
      secrets,
    );
    if (grant.refreshToken !== undefined && grant.refreshToken !== refreshToken) {
      this.#rotated.set(place, grant.refreshToken);
      await this.#options.onRefreshToken?.(request.registry, {
        ...credential,
        identityToken: grant.refreshToken,
      });
    }
    return grant;
  }

  async #send(
    request: AuthRequest,
    question: TokenQuestion,
    { method, url, headers, body }: TokenRequest,
    credential: Credential | undefined,
    secrets: readonly string[],
  ): Promise<TokenGrant> {
    const username = credential !== undefined && "username" in credential ? credential.username : undefined;
    this.#options.trace?.({
      kind: "token-request",
      method,
      realm: question.realm.origin + question.realm.pathname,
      ...(question.service === undefined ? {} : { service: question.service }),
      scopes: question.scopes,
      as: credential === undefined ? "anonymous" : credentialType(credential),
      ...(username === undefined ? {} : { username }),
    });
    const origin = request.url.origin;
    const response = await request.transport({
      method,
      url,
      headers,
      body,
      signal: request.signal,
      // Elsewhere the registry's headers and client certificate have no business.
      context: url.origin === origin ? { registry: request.registry, origin, scopes: [] } : undefined,
      onBehalfOf: origin,
    });
    const where = `the token server ${question.realm.origin}${question.realm.pathname}`;
    const bytes = await readLimited(response.body, TOKEN_ANSWER_LIMIT_BYTES, where);
    const hidden = [...secrets.flatMap(spellingsOf), headers["authorization"]?.slice("Basic ".length) ?? ""];
    const asked = { registry: request.registry, where, as: describe(credential), secrets: hidden };
    return judgeTokenAnswer(response.status, bytes, method === "GET" ? "token" : "access_token", asked);
  }
}

/** A secret as it is, and as it went into a form: a server may repeat what it was sent. */
function spellingsOf(secret: string): readonly string[] {
  return [secret, new URLSearchParams([["", secret]]).toString().slice(1)];
}

/** Whose credential it is and where it was found: what a person needs to mend it. */
function describe(credential: Credential | undefined): string {
  if (credential === undefined) return "anonymously";
  const name =
    "username" in credential && credential.username !== undefined
      ? `to "${quoteForeign(credential.username)}" `
      : "";
  const source = credential.source === undefined ? "" : ` from ${quoteForeign(credential.source)}`;
  return `${name}with the ${credentialType(credential).replace("-", " ")}${source}`;
}
