import type { WritableCredentialStore } from "../credential.ts";
import { chain } from "../credential-stores.ts";
import { containersAuthStore } from "./containers-auth-store.ts";
import { dockerAuthConfigStore } from "./docker-auth-config-store.ts";
import { dockerConfigStore } from "./docker-config-store.ts";
import { environmentStore } from "./environment-store.ts";

export interface DefaultCredentialOptions {
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long a credential helper may take (default 30,000). */
  readonly helperTimeoutMs?: number | undefined;
  /** This auth.json instead of every other file, as `--authfile` and `REGISTRY_AUTH_FILE` say. */
  readonly authFile?: string | undefined;
  /**
   * `credential-helpers` of registries.conf: see {@link containersAuthStore}. Where they are given, podman's part of the
   * search comes before docker's.
   */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/**
 * What a person expects who has signed in with docker or podman: `REG_*` and `DOCKER_AUTH_CONFIG` in the environment,
 * then `--authfile` or `REGISTRY_AUTH_FILE` alone, or else docker's configuration with its helpers, then podman's files.
 * Written is the file of that order that comes first.
 *
 * @throws AuthError `CONFIG`, `HELPER_FAILED`, `SIZE_EXCEEDED` from its methods
 * @example
 * ```ts
 * import { createAuthenticator } from "@reg/auth";
 * import { defaultCredentialStore } from "@reg/auth/node";
 * const authenticator = createAuthenticator({ credentials: defaultCredentialStore() });
 * ```
 */
export function defaultCredentialStore(options: DefaultCredentialOptions = {}): WritableCredentialStore {
  const env = options.env ?? process.env;
  const { helperTimeoutMs, credentialHelpers } = options;
  const alone = options.authFile ?? env["REGISTRY_AUTH_FILE"] ?? "";
  const docker = dockerConfigStore({ env, helperTimeoutMs });
  const podman = containersAuthStore({ env, helperTimeoutMs, credentialHelpers, docker: false });
  // Whoever says where podman is to look means that place first.
  const both = (credentialHelpers?.length ?? 0) > 0 ? [podman, docker] : [docker, podman];
  const files = alone === "" ? both : [containersAuthStore({ env, helperTimeoutMs, file: alone })];
  return chain(environmentStore({ env }), dockerAuthConfigStore({ env, helperTimeoutMs }), ...files);
}
