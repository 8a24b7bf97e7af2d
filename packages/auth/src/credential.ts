/** What a person or machine signs in with. `source` says where it was found, for people: a file, a helper. */
export type Credential =
  | { readonly username: string; readonly password: string; readonly source?: string }
  /** An OAuth2 refresh token: traded for access tokens at the realm, never sent to the registry. */
  | { readonly identityToken: string; readonly username?: string; readonly source?: string }
  /** A bearer token that goes to the registry as it is. */
  | { readonly registryToken: string; readonly source?: string };

/** What a credential is looked up by. */
export interface CredentialKey {
  /** `docker.io`, `ghcr.io`, `localhost:5000`. */
  readonly registry: string;
  /** `library/ubuntu`, for stores that tell repositories apart. */
  readonly repository?: string | undefined;
}

/** One place that was asked for a credential, and what it had; never the secret. */
export interface CredentialLookup {
  /** A file's path, a helper's name, a variable. */
  readonly store: string;
  /** What the place was asked for, or the entry that matched. */
  readonly key: string;
  readonly found: CredentialType | "nothing" | "error";
  readonly username?: string;
  /** Why it failed, or what was passed by. */
  readonly message?: string;
}

export type CredentialType = "password" | "identity-token" | "registry-token";

export interface CredentialGetOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each place that is asked. */
  readonly trace?: ((lookup: CredentialLookup) => void) | undefined;
}

/** Where credentials are kept. `undefined` means this store knows none: the next one is asked, then anonymous. */
export interface CredentialStore {
  get(key: CredentialKey, options?: CredentialGetOptions): Promise<Credential | undefined>;
  /** For stores that may know several: all that fit, the best first. Where one is refused, the next is tried. */
  getAll?(key: CredentialKey, options?: CredentialGetOptions): Promise<readonly Credential[]>;
  set?(key: CredentialKey, credential: Credential): Promise<void>;
  /** Whether there was one. */
  delete?(key: CredentialKey): Promise<boolean>;
  list?(): Promise<readonly CredentialEntry[]>;
}

/** A store that can be read, written, emptied and listed. */
export type WritableCredentialStore = CredentialStore & Required<Omit<CredentialStore, "getAll">>;

/** One entry of a store's list. */
export interface CredentialEntry {
  /** The registry, with a repository prefix where the store knows such: `ghcr.io`, `quay.io/team`. */
  readonly registry: string;
  readonly username?: string;
  readonly source?: string;
}

/** All that a store has to try, whether it tells several apart or not. */
export async function getAllCredentials(
  store: CredentialStore,
  key: CredentialKey,
  options?: CredentialGetOptions,
): Promise<readonly Credential[]> {
  if (store.getAll !== undefined) return store.getAll(key, options);
  const credential = await store.get(key, options);
  return credential === undefined ? [] : [credential];
}

/** Which kind of credential this is, for people. */
export function credentialType(credential: Credential): CredentialType {
  if ("password" in credential) return "password";
  return "identityToken" in credential ? "identity-token" : "registry-token";
}
