import type { Credential, CredentialStore } from "./credential.ts";
import { lookupOf } from "./credential-stores.ts";
import { AuthError } from "./errors.ts";
import { ExpiringCache } from "./expiring.ts";
import { fromBase64 } from "./text.ts";

/** Which of Amazon's registries a host is. */
export interface EcrTarget {
  /** The account, for a private registry. */
  readonly registryId?: string;
  /** From the host; public registries have theirs in `us-east-1`. */
  readonly region: string;
  readonly public: boolean;
}

/** What `GetAuthorizationToken` of the platform's own SDK answers. */
export interface EcrToken {
  /** Base64 of `AWS:<password>`. */
  readonly authorizationToken: string;
  readonly expiresAt?: Date;
}

export interface EcrOptions {
  getAuthorizationToken(target: EcrTarget, options: { readonly signal: AbortSignal }): Promise<EcrToken>;
}

/**
 * Credentials of Amazon's registries, private and public, from the SDK the caller has: account and region are read from
 * the host, and a token is asked for anew shortly before its twelve hours end.
 *
 * @throws AuthError `PROTOCOL` from `get` for a token that is none; otherwise what the source throws
 * @example
 * ```ts
 * import { ecrCredentials, type EcrToken } from "@reg/auth";
 * declare function getAuthorizationToken(region: string): Promise<EcrToken>; // from the library for it
 * const credentials = ecrCredentials({ getAuthorizationToken: ({ region }) => getAuthorizationToken(region) });
 * ```
 */
export function ecrCredentials(options: EcrOptions): CredentialStore {
  const cache = new ExpiringCache<Credential>();
  return {
    async get(key, getOptions) {
      const target = parseEcrHost(key.registry);
      if (target === undefined) return undefined;
      const name = `${target.region}/${target.registryId ?? "public"}`;
      const credential = await cache.get(name, getOptions?.signal, async (signal) => {
        const { authorizationToken, expiresAt } = await options.getAuthorizationToken(target, { signal });
        return { value: readToken(authorizationToken, key.registry), expiresAt };
      });
      getOptions?.trace?.(lookupOf("Amazon ECR", key.registry, credential));
      return credential;
    },
  };
}

/** Account and region in the name of one of Amazon's registries; `undefined` for any other host. */
export function parseEcrHost(host: string): EcrTarget | undefined {
  const name = host.toLowerCase();
  if (name === "public.ecr.aws") return { region: "us-east-1", public: true };
  const private_ =
    /^(\d{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]{1,40})\.(?:amazonaws\.(?:com|com\.cn|eu)|on\.aws|on\.amazonwebservices\.com\.cn|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/.exec(
      name,
    );
  const [, registryId, region] = private_ ?? [];
  return registryId === undefined || region === undefined ? undefined : { registryId, region, public: false };
}

function readToken(token: string, registry: string): Credential {
  const pair = fromBase64(token);
  const colon = pair?.indexOf(":") ?? -1;
  if (pair === undefined || colon < 1) {
    throw new AuthError(
      "PROTOCOL",
      `the authorization token for ${registry} is not base64 of name and password`,
    );
  }
  return { username: pair.slice(0, colon), password: pair.slice(colon + 1), source: "Amazon ECR" };
}
