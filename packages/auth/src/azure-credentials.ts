import type { Transport } from "@reg/transport";
import type { Credential, CredentialStore } from "./credential.ts";
import { lookupOf } from "./credential-stores.ts";
import { AuthError } from "./errors.ts";
import { ExpiringCache } from "./expiring.ts";
import type { AccessToken } from "./google-credentials.ts";
import { readLimited } from "./read-limited.ts";
import { quoteForeign } from "./text.ts";

export interface AzureOptions {
  /** An access token of the directory for `https://containerregistry.azure.net/.default`. */
  getAccessToken(options: { readonly signal: AbortSignal }): Promise<AccessToken>;
  /** The directory, where the token's own is not the registry's. */
  readonly tenant?: string;
  /** Carries the exchange. */
  readonly transport: Transport;
}

/** The name under which refresh tokens are used at these registries. */
const USERNAME = "00000000-0000-0000-0000-000000000000";
/** Refresh tokens live for three hours; the answer does not say so. */
const REFRESH_LIFETIME_MS = 3 * 3_600_000;
const ANSWER_LIMIT_BYTES = 131_072;

/**
 * Credentials of Azure's container registries: the directory's access token is exchanged at the registry
 * (`/oauth2/exchange`) for a refresh token, which buys the rest.
 *
 * @throws AuthError `UNAUTHENTICATED`, `PROTOCOL` from `get`; otherwise what the source throws
 * @example
 * ```ts
 * import { type AccessToken, azureCredentials } from "@reg/auth";
 * import { fetchTransport } from "@reg/transport";
 * declare function tokenOfTheDirectory(scope: string): Promise<AccessToken>; // from the library for it
 * const credentials = azureCredentials({
 *   transport: fetchTransport(),
 *   getAccessToken: () => tokenOfTheDirectory("https://containerregistry.azure.net/.default"),
 * });
 * ```
 */
export function azureCredentials(options: AzureOptions): CredentialStore {
  const cache = new ExpiringCache<Credential>();
  return {
    async get(key, getOptions) {
      const host = key.registry.toLowerCase();
      if (!/\.azurecr\.(io|cn|us|de)$/.test(host)) return undefined;
      const credential = await cache.get(host, getOptions?.signal, async (signal) => {
        const { token } = await options.getAccessToken({ signal });
        const identityToken = await exchange(options, host, token, signal);
        const value = { identityToken, username: USERNAME, source: "Azure" };
        return { value, expiresAt: new Date(Date.now() + REFRESH_LIFETIME_MS) };
      });
      getOptions?.trace?.(lookupOf("Azure", host, credential));
      return credential;
    },
  };
}

async function exchange(
  options: AzureOptions,
  host: string,
  token: string,
  signal: AbortSignal,
): Promise<string> {
  const form = new URLSearchParams({ grant_type: "access_token", service: host, access_token: token });
  if (options.tenant !== undefined) form.set("tenant", options.tenant);
  const url = new URL(`https://${host}/oauth2/exchange`);
  const response = await options.transport({
    method: "POST",
    url,
    headers: { accept: "application/json", "content-type": "application/x-www-form-urlencoded" },
    body: new TextEncoder().encode(form.toString()),
    signal,
    context: { registry: host, origin: url.origin, scopes: [] },
  });
  const bytes = await readLimited(response.body, ANSWER_LIMIT_BYTES, `the exchange of ${host}`);
  const text = new TextDecoder().decode(bytes);
  if (response.status !== 200) {
    const code = response.status < 500 ? "UNAUTHENTICATED" : "UNAVAILABLE";
    const said = quoteForeign(text, [token]);
    throw new AuthError(code, `${host} refused the directory's token: ${response.status} ${said}`, {
      status: response.status,
    });
  }
  const refreshToken = refreshTokenIn(text);
  if (refreshToken === undefined)
    throw new AuthError("PROTOCOL", `${host} answered the exchange without a refresh token`);
  return refreshToken;
}

function refreshTokenIn(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer !== "object" || answer === null || !("refresh_token" in answer)) return undefined;
    return typeof answer.refresh_token === "string" && answer.refresh_token !== ""
      ? answer.refresh_token
      : undefined;
  } catch {
    return undefined;
  }
}
