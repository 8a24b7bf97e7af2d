import { homedir } from "node:os";
import { join } from "node:path";
import type { CredentialEntry, WritableCredentialStore } from "../credential.ts";
import { isAuthError } from "../errors.ts";
import { readAuthEntry, writeAuthEntry } from "./auth-entry.ts";
import { type ConfigDocument, isRecord, readConfig, updateConfig } from "./config-file.ts";
import { authsOf, helperFor, lookUpInDockerConfig } from "./docker-config.ts";
import { HelperStores } from "./helper-stores.ts";
import { serverKey } from "./server-key.ts";

export interface DockerConfigOptions {
  /** Default: `config.json` in `$DOCKER_CONFIG`, or in `~/.docker`. */
  readonly file?: string | undefined;
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long a credential helper may take (default 30,000). */
  readonly helperTimeoutMs?: number | undefined;
}

/**
 * The file `docker login` writes, with the helpers it names. Read anew at each lookup; written atomically, with mode
 * 0600, everything else in it kept.
 *
 * @throws AuthError `CONFIG`, `HELPER_FAILED`, `SIZE_EXCEEDED` from its methods
 * @example
 * ```ts
 * import { createAuthenticator } from "@reg/auth";
 * import { dockerConfigStore } from "@reg/auth/node";
 * const authenticator = createAuthenticator({ credentials: dockerConfigStore() });
 * ```
 */
export function dockerConfigStore(options: DockerConfigOptions = {}): WritableCredentialStore {
  const env = options.env ?? process.env;
  const file = options.file ?? dockerConfigFile(env);
  const helpers = new HelperStores({ env, timeoutMs: options.helperTimeoutMs });
  return {
    async get(key, getOptions) {
      try {
        const document = (await readConfig(file)) ?? {};
        return await lookUpInDockerConfig(document, file, key, helpers, getOptions);
      } catch (error) {
        // A helper has told of its own failure.
        if (isAuthError(error) && error.code !== "HELPER_FAILED") {
          getOptions?.trace?.({
            store: file,
            key: serverKey(key.registry),
            found: "error",
            message: error.message,
          });
        }
        throw error;
      }
    },
    async set(key, credential) {
      const name = serverKey(key.registry);
      const document = (await readConfig(file)) ?? {};
      const helper = helperFor(document, name, file);
      const byHelper = helper !== undefined && !("registryToken" in credential);
      if (byHelper) await helpers.of(helper).set(key, credential);
      // The empty entry tells docker's own listing that there is something to ask the helper for.
      const entry = byHelper ? {} : writeAuthEntry(credential);
      await updateConfig(file, (before) => ({ ...before, auths: { ...authsOf(before), [name]: entry } }));
    },
    async delete(key) {
      const name = serverKey(key.registry);
      const document = (await readConfig(file)) ?? {};
      const helper = helperFor(document, name, file);
      const erased = helper !== undefined && (await helpers.of(helper).delete(key));
      let removed = false;
      await updateConfig(file, (before) => {
        const { [name]: entry, ...auths } = authsOf(before);
        removed = isRecord(entry) && Object.keys(entry).length > 0;
        return entry === undefined ? undefined : { ...before, auths };
      });
      return erased || removed;
    },
    async list() {
      const document = (await readConfig(file)) ?? {};
      return listDockerConfig(document, file, helpers);
    },
  };
}

/** Where docker keeps its configuration. */
export function dockerConfigFile(env: Readonly<Record<string, string | undefined>>): string {
  const folder = env["DOCKER_CONFIG"] ?? "";
  return join(folder === "" ? join(homeOf(env), ".docker") : folder, "config.json");
}

export function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  const home = env["HOME"] ?? "";
  return home === "" ? homedir() : home;
}

async function listDockerConfig(
  document: ConfigDocument,
  file: string,
  helpers: HelperStores,
): Promise<CredentialEntry[]> {
  const entries = new Map<string, CredentialEntry>();
  for (const [key, value] of Object.entries(authsOf(document))) {
    const entry = describe(key, value, file);
    if (entry !== undefined) entries.set(key, entry);
  }
  const store = helperFor(document, "", file);
  if (store !== undefined) {
    for (const entry of await helpers.of(store).list()) entries.set(entry.registry, entry);
  }
  const perHost = document["credHelpers"];
  for (const [registry, name] of Object.entries(isRecord(perHost) ? perHost : {})) {
    if (typeof name === "string" && name !== "")
      entries.set(registry, { registry, source: `docker-credential-${name}` });
  }
  return [...entries.values()];
}

/** A broken entry is listed too: somebody may want to remove it. */
function describe(registry: string, value: unknown, file: string): CredentialEntry | undefined {
  try {
    const credential = readAuthEntry(value, "docker", registry, file);
    if (credential === undefined) return undefined;
    return "username" in credential && credential.username !== undefined
      ? { registry, username: credential.username, source: file }
      : { registry, source: file };
  } catch {
    return { registry, source: file };
  }
}
