import type { Authenticator, AuthRequest } from "@reg/auth";

export interface SsoSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The registries that trust this sign-on: nobody else gets a token. */
  readonly registries: readonly string[];
}

/** A token is replaced when this share of its life is over. */
const RENEW_AT_SHARE = 0.8;
const ANSWER_LIMIT_BYTES = 65_536;

/**
 * The whole of a company's own way of signing in: client credentials (RFC 6749, section 4.4) for a token the registry
 * takes, by the scopes of the operation, renewed before it ends and when the registry says no. The one import from
 * `@reg/auth` is of types, which are gone at run time.
 */
export function ssoAuthenticator(settings: SsoSettings): Authenticator {
  const held = new Map<string, { readonly token: Promise<string>; renewAt: number }>();

  return {
    async authenticate(request) {
      if (!settings.registries.includes(request.registry) || request.attempt > 1) return undefined;
      const scope = request.scopes.join(" ");
      const before = held.get(scope);
      if (before !== undefined && performance.now() < before.renewAt) {
        const header = `Bearer ${await before.token}`;
        // Several requests may be refused at once; only the token they were refused for is given up.
        if (header !== request.rejected) return header;
        if (held.get(scope) === before) held.delete(scope);
      } else if (before !== undefined) {
        held.delete(scope);
      }
      const current = held.get(scope) ?? begin(request, scope);
      return `Bearer ${await current.token}`;
    },
  };

  function begin(request: AuthRequest, scope: string): { readonly token: Promise<string>; renewAt: number } {
    const entry = { token: ask(request, scope), renewAt: Number.POSITIVE_INFINITY };
    held.set(scope, entry);
    entry.token.catch(() => held.delete(scope));
    return entry;
  }

  async function ask(request: AuthRequest, scope: string): Promise<string> {
    const response = await request.transport({
      method: "POST",
      url: new URL("/token", settings.issuer),
      headers: {
        authorization: `Basic ${btoa(`${settings.clientId}:${settings.clientSecret}`)}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new TextEncoder().encode(
        new URLSearchParams({ grant_type: "client_credentials", scope }).toString(),
      ),
    });
    const answer = await response.body.json(ANSWER_LIMIT_BYTES);
    const { access_token: token, expires_in: seconds } = answer as {
      access_token?: unknown;
      expires_in?: unknown;
    };
    if (response.status !== 200 || typeof token !== "string") {
      throw new Error(`${settings.issuer} refused ${settings.clientId}: ${response.status}`);
    }
    const entry = held.get(scope);
    const lifetimeMs = (typeof seconds === "number" ? seconds : 60) * 1000;
    if (entry !== undefined) entry.renewAt = performance.now() + lifetimeMs * RENEW_AT_SHARE;
    return token;
  }
}
