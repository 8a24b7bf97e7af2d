import type { CredentialStore } from "@reg/auth";

export interface SsoSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The registries whose token server takes this sign-on's tokens for passwords. */
  readonly registries: readonly string[];
}

/**
 * A credential store that asks the company's sign-on who this is: a token it gives out is the password, as clouds do
 * it. What to do with a password is the standard authenticator's business, which also remembers for a while what it
 * was told.
 */
export function ssoStore(settings: SsoSettings): CredentialStore {
  return {
    async get({ registry }, options) {
      if (!settings.registries.includes(registry)) return undefined;
      const response = await fetch(new URL("/token", settings.issuer), {
        method: "POST",
        headers: { authorization: `Basic ${btoa(`${settings.clientId}:${settings.clientSecret}`)}` },
        body: new URLSearchParams({ grant_type: "client_credentials" }),
        redirect: "error",
        signal: options?.signal ?? null,
      });
      const answer = (await response.json()) as { access_token?: unknown };
      if (response.status !== 200 || typeof answer.access_token !== "string") {
        throw new Error(`${settings.issuer} refused ${settings.clientId}: ${response.status}`);
      }
      return { username: "sso", password: answer.access_token, source: settings.issuer };
    },
  };
}
