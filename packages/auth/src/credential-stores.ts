import {
  type Credential,
  type CredentialEntry,
  type CredentialGetOptions,
  type CredentialKey,
  type CredentialLookup,
  type CredentialStore,
  credentialType,
  getAllCredentials,
  type WritableCredentialStore,
} from "./credential.ts";
import { AuthError } from "./errors.ts";

/**
 * Credentials given in code, by registry. A key is a host (`ghcr.io`, `localhost:5000`, `docker.io`), a repository or
 * its parent (`ghcr.io/team`), a pattern (`*.corp`: any host below), or `*`. The most specific one counts.
 *
 * @example
 * ```ts
 * import { staticCredentials } from "@reg/auth";
 * const credentials = staticCredentials({ "ghcr.io": { username: "me", password: "secret" } });
 * ```
 */
export function staticCredentials(credentials: Readonly<Record<string, Credential>>): CredentialStore {
  const entries = new Map(Object.entries(credentials).map(([key, value]) => [normaliseKey(key), value]));
  return {
    get: (key, options) => {
      const match = candidatesOf(key, entries.keys()).find((candidate) => entries.has(candidate));
      const credential = match === undefined ? undefined : entries.get(match);
      options?.trace?.(lookupOf("static credentials", match ?? normaliseHost(key.registry), credential));
      return Promise.resolve(
        credential === undefined ? undefined : { source: "static credentials", ...credential },
      );
    },
    list: () => Promise.resolve(entriesOf(entries, "static credentials")),
  };
}

/** Credentials of this process's lifetime, by registry; a repository in the key narrows the entry to what is below. */
export function memoryCredentialStore(): CredentialStore &
  Required<Pick<CredentialStore, "set" | "delete" | "list">> {
  const entries = new Map<string, Credential>();
  return {
    get: (key, options) => {
      const match = candidatesOf(key, []).find((candidate) => entries.has(candidate));
      const credential = match === undefined ? undefined : entries.get(match);
      options?.trace?.(lookupOf("memory", match ?? normaliseHost(key.registry), credential));
      return Promise.resolve(credential === undefined ? undefined : { source: "memory", ...credential });
    },
    set: (key, credential) => {
      entries.set(keyOf(key), credential);
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(entries.delete(keyOf(key))),
    list: () => Promise.resolve(entriesOf(entries, "memory")),
  };
}

/**
 * Asks several stores in turn. One that fails is passed by while another has something; where none has, its failure is
 * thrown, so that the reason is not lost. Writing goes to the first store that can, deleting to all.
 *
 * @example
 * ```ts
 * import { chain, staticCredentials } from "@reg/auth";
 * import { defaultCredentialStore } from "@reg/auth/node";
 * const mine = staticCredentials({ "localhost:5000": { username: "me", password: "secret" } });
 * const credentials = chain(mine, defaultCredentialStore());
 * ```
 */
export function chain(...stores: readonly CredentialStore[]): WritableCredentialStore {
  return {
    async get(key, options) {
      const [credential] = await getFromFirst(stores, key, options);
      return credential;
    },
    getAll: (key, options) => getFromFirst(stores, key, options),
    async set(key, credential) {
      for (const store of stores) {
        if (store.set !== undefined) return store.set(key, credential);
      }
      throw new AuthError("UNSUPPORTED", "none of these credential stores can be written to");
    },
    async delete(key) {
      let deleted = false;
      for (const store of stores) {
        if (store.delete !== undefined && (await store.delete(key))) deleted = true;
      }
      return deleted;
    },
    async list() {
      const lists = await Promise.allSettled(stores.map(async (store) => (await store.list?.()) ?? []));
      const entries = lists.flatMap((list) => (list.status === "fulfilled" ? list.value : []));
      const failed = lists.find((list) => list.status === "rejected");
      if (failed !== undefined && entries.length === 0) throw failed.reason;
      return entries;
    },
  };
}

async function getFromFirst(
  stores: readonly CredentialStore[],
  key: CredentialKey,
  options: CredentialGetOptions | undefined,
): Promise<readonly Credential[]> {
  let failure: unknown;
  let failed = false;
  for (const store of stores) {
    options?.signal?.throwIfAborted();
    try {
      const credentials = await getAllCredentials(store, key, options);
      if (credentials.length > 0) return credentials;
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (!failed) failure = error;
      failed = true;
    }
  }
  if (failed) throw failure;
  return [];
}

/** What a store tells about one lookup. */
export function lookupOf(store: string, key: string, credential: Credential | undefined): CredentialLookup {
  if (credential === undefined) return { store, key, found: "nothing" };
  const found = credentialType(credential);
  return "username" in credential && credential.username !== undefined
    ? { store, key, found, username: credential.username }
    : { store, key, found };
}

/** Docker Hub's names are one registry. */
export function normaliseHost(registry: string): string {
  const host = registry.toLowerCase();
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

/** A key as people write it: with a scheme, a trailing slash, or Docker Hub's old address. */
function normaliseKey(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
  const slash = bare.indexOf("/");
  return slash === -1 ? normaliseHost(bare) : normaliseHost(bare.slice(0, slash)) + bare.slice(slash);
}

function keyOf(key: CredentialKey): string {
  const host = normaliseHost(key.registry);
  return key.repository === undefined ? host : `${host}/${key.repository}`;
}

/** Repository, its parents, host; then the longest pattern that matches; then all. */
function candidatesOf(key: CredentialKey, known: Iterable<string>): string[] {
  const host = normaliseHost(key.registry);
  const candidates: string[] = [];
  for (
    let path = key.repository ?? "";
    path !== "";
    path = path.slice(0, Math.max(0, path.lastIndexOf("/")))
  ) {
    candidates.push(`${host}/${path}`);
  }
  const patterns = [...known].filter(
    (pattern) => pattern.startsWith("*.") && host.endsWith(pattern.slice(1)),
  );
  return [...candidates, host, ...patterns.sort((a, b) => b.length - a.length), "*"];
}

function entriesOf(entries: ReadonlyMap<string, Credential>, source: string): CredentialEntry[] {
  return [...entries].map(([registry, credential]) =>
    "username" in credential && credential.username !== undefined
      ? { registry, username: credential.username, source }
      : { registry, source },
  );
}
