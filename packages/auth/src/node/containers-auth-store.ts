import { join } from "node:path";
import type {
  Credential,
  CredentialEntry,
  CredentialGetOptions,
  CredentialKey,
  WritableCredentialStore,
} from "../credential.ts";
import { chain, lookupOf, normaliseHost } from "../credential-stores.ts";
import { AuthError, isAuthError } from "../errors.ts";
import { readAuthEntry, writeAuthEntry } from "./auth-entry.ts";
import { type ConfigDocument, isRecord, readConfig, updateConfig } from "./config-file.ts";
import { authsOf } from "./docker-config.ts";
import { dockerConfigFile, homeOf } from "./docker-config-store.ts";
import { HelperStores } from "./helper-stores.ts";
import { hostOfKey } from "./server-key.ts";

export interface ContainersAuthOptions {
  /** This file alone, as `--authfile` and `REGISTRY_AUTH_FILE` say. */
  readonly file?: string | undefined;
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** How long a credential helper may take (default 30,000). */
  readonly helperTimeoutMs?: number | undefined;
  /** Whether docker's own files end the search, as they do for podman (default true). */
  readonly docker?: boolean | undefined;
  /**
   * `credential-helpers` of registries.conf: the places that are asked, in turn, where `containers-auth.json` stands
   * for the files (default: the files alone).
   */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/** What registries.conf calls the files among its helpers (containers-registries.conf(5)). */
const FILES = "containers-auth.json";

/**
 * The files `podman login` and `skopeo login` write (containers-auth.json(5)): the one named by `file` or
 * `REGISTRY_AUTH_FILE` alone, or else the runtime's, the user's, and docker's. Entries may be narrowed to a repository
 * or to all below a path; the most specific one counts. Written is the first file, or the first of `credentialHelpers`.
 *
 * @throws AuthError `CONFIG`, `HELPER_FAILED`, `SIZE_EXCEEDED` from its methods; `CONFIG` at once for the name of a
 * helper that no program can have
 * @example
 * ```ts
 * import { containersAuthStore } from "@reg/auth/node";
 * const credentials = containersAuthStore();
 * const found = await credentials.get({ registry: "quay.io", repository: "team/app" });
 * ```
 */
export function containersAuthStore(options: ContainersAuthOptions = {}): WritableCredentialStore {
  const env = options.env ?? process.env;
  const helpers = new HelperStores({ env, timeoutMs: options.helperTimeoutMs });
  const store = authFilesStore(authFiles(options, env), helpers);
  const { credentialHelpers = [] } = options;
  const names = credentialHelpers.length === 0 ? [FILES] : credentialHelpers;
  return chain(...names.map((name) => (name === FILES ? store : helpers.of(name))));
}

function authFilesStore(
  files: readonly [AuthFile, ...AuthFile[]],
  helpers: HelperStores,
): WritableCredentialStore {
  const [first] = files;
  return {
    async get(key, getOptions) {
      const names = candidatesOf(key);
      let failure: unknown;
      for (const file of files) {
        try {
          const credential = await lookUp(file, names, helpers, getOptions);
          if (credential !== undefined) return credential;
        } catch (error) {
          getOptions?.signal?.throwIfAborted();
          const [name = ""] = names;
          if (isAuthError(error) && error.code !== "HELPER_FAILED") {
            getOptions?.trace?.({ store: file.path, key: name, found: "error", message: error.message });
          }
          failure ??= error;
        }
      }
      if (failure !== undefined) throw failure;
      return undefined;
    },
    async set(key, credential) {
      const [name = ""] = candidatesOf(key);
      const document = (await readConfig(first.path)) ?? {};
      const helper = helperOf(document, hostOf(name), first.path);
      if (helper !== undefined) return helpers.of(helper).set(key, credential);
      if ("registryToken" in credential) {
        throw new AuthError(
          "UNSUPPORTED",
          `${first.path} keeps passwords and identity tokens, not registry tokens`,
        );
      }
      const entry = writeAuthEntry(credential);
      await updateConfig(first.path, (before) => ({
        ...before,
        auths: { ...authsOf(before), [name]: entry },
      }));
    },
    async delete(key) {
      const [name = ""] = candidatesOf(key);
      const document = (await readConfig(first.path)) ?? {};
      const helper = helperOf(document, hostOf(name), first.path);
      if (helper !== undefined) return helpers.of(helper).delete(key);
      let existed = false;
      await updateConfig(first.path, (before) => {
        const { [name]: entry, ...auths } = authsOf(before);
        existed = entry !== undefined;
        return existed ? { ...before, auths } : undefined;
      });
      return existed;
    },
    async list() {
      const entries = new Map<string, CredentialEntry>();
      for (const file of files) {
        for (const entry of await listFile(file)) {
          if (!entries.has(entry.registry)) entries.set(entry.registry, entry);
        }
      }
      return [...entries.values()];
    },
  };
}

interface AuthFile {
  readonly path: string;
  /** `~/.dockercfg`: entries at the top level, named by URLs. */
  readonly flat?: boolean;
}

function authFiles(
  options: ContainersAuthOptions,
  env: Readonly<Record<string, string | undefined>>,
): readonly [AuthFile, ...AuthFile[]] {
  const alone = options.file ?? env["REGISTRY_AUTH_FILE"] ?? "";
  if (alone !== "") return [{ path: alone }];
  const home = homeOf(env);
  const configured = env["XDG_CONFIG_HOME"] ?? "";
  const user = {
    path: join(configured === "" ? join(home, ".config") : configured, "containers", "auth.json"),
  };
  const docker =
    options.docker === false
      ? []
      : [{ path: dockerConfigFile(env) }, { path: join(home, ".dockercfg"), flat: true }];
  // Elsewhere nothing is tied to a login session.
  if (process.platform !== "linux")
    return [{ path: join(home, ".config", "containers", "auth.json") }, user, ...docker];
  const runtime = env["XDG_RUNTIME_DIR"] ?? "";
  const folder = runtime === "" ? `/run/containers/${process.getuid?.() ?? 0}` : join(runtime, "containers");
  return [{ path: join(folder, "auth.json") }, user, ...docker];
}

/** Repository, its parents, host; Docker Hub under one name. */
function candidatesOf(key: CredentialKey): string[] {
  const host = key.registry.toLowerCase();
  const path = key.repository ?? "";
  // A colon in the path starts a tag, an at sign a digest or a user; neither names a place of credentials.
  if (/[@/\s]/.test(host) || host === "" || /[:@\s]/.test(path)) {
    throw new AuthError(
      "CONFIG",
      "credentials are looked up by host and repository, without scheme, user, tag or digest",
    );
  }
  const names: string[] = [];
  for (let rest = path; rest !== ""; rest = rest.slice(0, Math.max(0, rest.lastIndexOf("/")))) {
    names.push(`${host}/${rest}`);
  }
  return [...names, host];
}

async function lookUp(
  file: AuthFile,
  names: readonly string[],
  helpers: HelperStores,
  options: CredentialGetOptions | undefined,
): Promise<Credential | undefined> {
  const document = await readConfig(file.path);
  const host = hostOf(names[0] ?? "");
  if (document === undefined) {
    options?.trace?.({ store: file.path, key: host, found: "nothing", message: "no such file" });
    return undefined;
  }
  const helper = file.flat === true ? undefined : helperOf(document, host, file.path);
  // A helper that knows nothing ends the search in its file.
  if (helper !== undefined) {
    const credential = await helpers.of(helper).get({ registry: host }, options);
    return credential === undefined
      ? undefined
      : { ...credential, source: `${credential.source ?? helper} (${file.path})` };
  }
  const entries = file.flat === true ? document : authsOf(document);
  const key = findKey(entries, names, file.flat === true);
  const credential =
    key === undefined
      ? undefined
      : readAuthEntry(entries[key], "containers", `${file.path}, entry ${key}`, file.path);
  options?.trace?.(lookupOf(file.path, key ?? names[0] ?? "", credential));
  return credential;
}

/** Exactly so written, from the repository to the host; then the same by names made alike. */
function findKey(entries: ConfigDocument, names: readonly string[], flat: boolean): string | undefined {
  const exact = flat ? undefined : names.find((name) => Object.hasOwn(entries, name));
  if (exact !== undefined) return exact;
  const alike = new Map<string, string>();
  for (const key of Object.keys(entries)) {
    const name = alikeOf(key, flat);
    if (!alike.has(name)) alike.set(name, key);
  }
  for (const name of names) {
    const key = alike.get(alikeOf(name, false));
    if (key !== undefined) return key;
  }
  return undefined;
}

/** A key with a scheme is an old one, whose path says nothing. */
function alikeOf(key: string, flat: boolean): string {
  if (flat || key.startsWith("https://") || key.startsWith("http://")) return normaliseHost(hostOfKey(key));
  const host = hostOf(key);
  return normaliseHost(host) + key.slice(host.length);
}

function helperOf(document: ConfigDocument, host: string, file: string): string | undefined {
  const perHost = document["credHelpers"];
  if (!isRecord(perHost) || !Object.hasOwn(perHost, host)) return undefined;
  const name = perHost[host];
  if (name === "") return undefined;
  if (typeof name === "string") return name;
  throw new AuthError("CONFIG", `${file}, credHelpers for ${host} is not the name of a credential helper`);
}

function hostOf(name: string): string {
  const slash = name.indexOf("/");
  return slash === -1 ? name : name.slice(0, slash);
}

async function listFile(file: AuthFile): Promise<CredentialEntry[]> {
  const document = (await readConfig(file.path)) ?? {};
  const entries = file.flat === true ? document : authsOf(document);
  const listed: CredentialEntry[] = [];
  for (const [registry, value] of Object.entries(entries)) {
    let credential: Credential | undefined;
    try {
      credential = readAuthEntry(value, "containers", registry, file.path);
      if (credential === undefined) continue;
    } catch {
      // A broken entry is listed without its name: somebody may want to remove it.
    }
    const username = credential !== undefined && "username" in credential ? credential.username : undefined;
    listed.push({ registry, ...(username === undefined ? {} : { username }), source: file.path });
  }
  const perHost = document["credHelpers"];
  for (const [registry, name] of Object.entries(isRecord(perHost) ? perHost : {})) {
    if (typeof name === "string" && name !== "")
      listed.push({ registry, source: `docker-credential-${name}` });
  }
  return listed;
}
