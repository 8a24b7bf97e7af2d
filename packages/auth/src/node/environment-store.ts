import type { Credential, CredentialStore } from "../credential.ts";
import { lookupOf, normaliseHost } from "../credential-stores.ts";
import { AuthError } from "../errors.ts";

export interface EnvironmentOptions {
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** What the variables begin with (default `REG`). */
  readonly prefix?: string | undefined;
}

/**
 * One credential from the environment: `REG_REGISTRY` says for which hosts (separated by commas), and
 * `REG_USERNAME` with `REG_PASSWORD`, or `REG_IDENTITY_TOKEN`, or `REG_REGISTRY_TOKEN`, what it is. Without a host it
 * would go to whoever is asked next, so that is refused.
 *
 * @throws AuthError `CONFIG` from its methods where the variables contradict themselves
 * @example
 * ```ts
 * import { chain } from "@reg/auth";
 * import { defaultCredentialStore, environmentStore } from "@reg/auth/node";
 * const credentials = chain(environmentStore(), defaultCredentialStore());
 * ```
 */
export function environmentStore(options: EnvironmentOptions = {}): CredentialStore {
  const env = options.env ?? process.env;
  const prefix = options.prefix ?? "REG";
  const source = `environment ${prefix}_*`;
  return {
    get(key, getOptions) {
      return Promise.resolve().then(() => {
        const credential = readCredential(env, prefix, source);
        const host = normaliseHost(key.registry);
        const found =
          credential !== undefined && hostsOf(env, prefix).includes(host) ? credential : undefined;
        getOptions?.trace?.(lookupOf(source, host, found));
        return found;
      });
    },
    list() {
      return Promise.resolve().then(() => {
        const credential = readCredential(env, prefix, source);
        if (credential === undefined) return [];
        const named =
          "username" in credential && credential.username !== undefined
            ? { username: credential.username }
            : {};
        return hostsOf(env, prefix).map((registry) => ({ registry, ...named, source }));
      });
    },
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

function readCredential(env: Environment, prefix: string, source: string): Credential | undefined {
  const value = (name: string): string => env[`${prefix}_${name}`] ?? "";
  const username = value("USERNAME");
  const password = value("PASSWORD");
  const identityToken = value("IDENTITY_TOKEN");
  const registryToken = value("REGISTRY_TOKEN");
  const kinds = [password, identityToken, registryToken].filter((secret) => secret !== "").length;
  if (kinds === 0) return undefined;
  if (kinds > 1) {
    throw new AuthError(
      "CONFIG",
      `${prefix}_PASSWORD, ${prefix}_IDENTITY_TOKEN and ${prefix}_REGISTRY_TOKEN: only one of them may be set`,
    );
  }
  if (hostsOf(env, prefix).length === 0) {
    throw new AuthError(
      "CONFIG",
      `${prefix}_REGISTRY has to name the host that the secret in ${prefix}_* belongs to`,
    );
  }
  if (registryToken !== "") return { registryToken, source };
  if (identityToken !== "")
    return username === "" ? { identityToken, source } : { identityToken, username, source };
  if (username === "")
    throw new AuthError("CONFIG", `${prefix}_PASSWORD is set, but ${prefix}_USERNAME is not`);
  return { username, password, source };
}

function hostsOf(env: Environment, prefix: string): string[] {
  return (env[`${prefix}_REGISTRY`] ?? "")
    .split(",")
    .map((host) => normaliseHost(host.trim()))
    .filter((host) => host !== "");
}
