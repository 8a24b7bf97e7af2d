import type { Authenticator } from "./authenticator.ts";
import { type ExplainRequest, type Explanation, explain } from "./explain.ts";
import { SignIn, type SignInOptions } from "./sign-in.ts";

/** Everything is optional: without credentials, public content is read anonymously. */
export type AuthenticatorOptions = Omit<SignInOptions, "trace">;

/** The authenticator for what registries do out of the box. */
export interface StandardAuthenticator extends Authenticator {
  /** Signs in afresh, past every cache, and tells what was asked where, what came back, and why. */
  explain(request: ExplainRequest): Promise<Explanation>;
}

/**
 * Basic, Bearer by GET and by OAuth2 POST, registry tokens, and anonymous tokens. One authenticator serves any number
 * of registries and requests; a token is asked for once per scopes and lifetime.
 *
 * @example
 * ```ts
 * import { createAuthenticator, staticCredentials } from "@reg/auth";
 * const credentials = staticCredentials({ "ghcr.io": { username: "me", password: "secret" } });
 * const authenticator = createAuthenticator({ credentials });
 * ```
 */
export function createAuthenticator(options: AuthenticatorOptions = {}): StandardAuthenticator {
  const signIn = new SignIn(options);
  return {
    authenticate: (request) => signIn.authenticate(request),
    explain: (request) => explain(options, request),
  };
}
