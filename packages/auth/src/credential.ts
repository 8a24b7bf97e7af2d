/** What a person or machine signs in with. */
export type Credential =
  | { readonly username: string; readonly password: string }
  /** An OAuth2 refresh token: traded for access tokens at the realm, never sent to the registry. */
  | { readonly identityToken: string; readonly username?: string }
  /** A bearer token that goes to the registry as it is. */
  | { readonly registryToken: string };

/** What a credential is looked up by. */
export interface CredentialKey {
  /** `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/ubuntu`, for stores that tell repositories apart. */
  readonly repository?: string | undefined;
}

/** Where credentials are kept. `undefined` means this store knows none: the next one is asked, then anonymous. */
export interface CredentialStore {
  get(key: CredentialKey, options?: { readonly signal?: AbortSignal }): Promise<Credential | undefined>;
  set?(key: CredentialKey, credential: Credential): Promise<void>;
  delete?(key: CredentialKey): Promise<boolean>;
  list?(): Promise<readonly { readonly registry: string; readonly username?: string }[]>;
}
