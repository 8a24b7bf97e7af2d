import type { CredentialStore } from "../credential.ts";
import { chain } from "../credential-stores.ts";
import { dockerConfigStore } from "./docker-config-store.ts";

export interface DefaultCredentialOptions {
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly helperTimeoutMs?: number | undefined;
  /** One auth.json alone, as `--authfile` says. */
  readonly authFile?: string | undefined;
}

export function defaultCredentialStore(options: DefaultCredentialOptions = {}): CredentialStore {
  return chain(dockerConfigStore(options));
}
