import type { Credential, CredentialStore } from "./credential.ts";
import { lookupOf } from "./credential-stores.ts";
import { ExpiringCache } from "./expiring.ts";

/** An OAuth2 access token from the platform's own library. */
export interface AccessToken {
  readonly token: string;
  readonly expiresAt?: Date;
}

export interface GoogleOptions {
  getAccessToken(options: { readonly signal: AbortSignal }): Promise<AccessToken>;
}

/**
 * Credentials of Google's Artifact Registry (`*.pkg.dev`) and Container Registry (`gcr.io`), from the library the
 * caller has: one access token for all of them, asked for anew shortly before it ends.
 *
 * @throws what the source throws
 * @example
 * ```ts
 * import { googleCredentials } from "@reg/auth";
 * declare function getAccessToken(): Promise<string>; // from the library for it
 * const credentials = googleCredentials({ getAccessToken: async () => ({ token: await getAccessToken() }) });
 * ```
 */
export function googleCredentials(options: GoogleOptions): CredentialStore {
  const cache = new ExpiringCache<Credential>();
  return {
    async get(key, getOptions) {
      const host = key.registry.toLowerCase();
      if (host !== "gcr.io" && !host.endsWith(".gcr.io") && !host.endsWith(".pkg.dev")) return undefined;
      const credential = await cache.get("google", getOptions?.signal, async (signal) => {
        const { token, expiresAt } = await options.getAccessToken({ signal });
        // The name Google's registries know such a token by.
        const value = { username: "oauth2accesstoken", password: token, source: "Google" };
        return { value, expiresAt };
      });
      getOptions?.trace?.(lookupOf("Google", host, credential));
      return credential;
    },
  };
}
