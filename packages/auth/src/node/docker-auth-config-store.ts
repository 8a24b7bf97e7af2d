import type { Credential, CredentialGetOptions, CredentialKey, CredentialStore } from "../credential.ts";
import { lookupOf } from "../credential-stores.ts";
import { readAuthEntry } from "./auth-entry.ts";
import { type ConfigDocument, isRecord, parseConfig } from "./config-file.ts";
import { authsOf, lookUpInDockerConfig } from "./docker-config.ts";
import { HelperStores } from "./helper-stores.ts";
import { serverKey } from "./server-key.ts";

export interface DockerAuthConfigOptions {
  /** Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Who wrote the variable. `docker` knows `{"auths":{KEY:{"auth"}}}` alone and ignores anything else; `gitlab-runner`
   * takes a whole configuration, with helpers and with keys narrowed to a path. Without this, a variable that names
   * helpers is taken for the runner's.
   */
  readonly dialect?: "docker" | "gitlab-runner" | undefined;
  /** How long a credential helper may take (default 30,000). */
  readonly helperTimeoutMs?: number | undefined;
}

const VARIABLE = "DOCKER_AUTH_CONFIG";

/**
 * The variable `DOCKER_AUTH_CONFIG`, of which docker and GitLab's runner have different ideas. One that docker would
 * not read is passed by, and the trace says so.
 *
 * @throws AuthError `CONFIG` for a broken entry, or a runner's variable that is no JSON
 */
export function dockerAuthConfigStore(options: DockerAuthConfigOptions = {}): CredentialStore {
  const env = options.env ?? process.env;
  const helpers = new HelperStores({ env, timeoutMs: options.helperTimeoutMs });
  return {
    async get(key, getOptions) {
      const text = env[VARIABLE] ?? "";
      if (text === "") return undefined;
      const document = readVariable(text);
      if (options.dialect === "gitlab-runner" || (options.dialect === undefined && namesHelpers(document))) {
        return lookUpForRunner(document ?? parseConfig(text, VARIABLE), key, helpers, getOptions);
      }
      const name = serverKey(key.registry);
      if (document === undefined || !isStrict(document)) {
        const message = `ignored: docker knows {"auths":{"<registry>":{"auth":"<base64>"}}} here, and nothing else`;
        getOptions?.trace?.({ store: VARIABLE, key: name, found: "nothing", message });
        return undefined;
      }
      const auths = authsOf(document);
      const credential = Object.hasOwn(auths, name) ? readEntry(auths, name) : undefined;
      getOptions?.trace?.(lookupOf(VARIABLE, name, credential));
      return credential;
    },
    async list() {
      const document = readVariable(env[VARIABLE] ?? "") ?? {};
      return Object.keys(authsOf(document)).map((registry) => ({ registry, source: VARIABLE }));
    },
  };
}

/** A key narrowed to the repository or a parent, and then as in docker's file. */
async function lookUpForRunner(
  document: ConfigDocument,
  key: CredentialKey,
  helpers: HelperStores,
  options: CredentialGetOptions | undefined,
): Promise<Credential | undefined> {
  const auths = authsOf(document);
  const host = key.registry.toLowerCase();
  for (
    let path = key.repository ?? "";
    path !== "";
    path = path.slice(0, Math.max(0, path.lastIndexOf("/")))
  ) {
    const name = `${host}/${path}`;
    if (!Object.hasOwn(auths, name)) continue;
    const credential = readEntry(auths, name);
    options?.trace?.(lookupOf(VARIABLE, name, credential));
    return credential;
  }
  return lookUpInDockerConfig(document, VARIABLE, key, helpers, options);
}

function readVariable(text: string): ConfigDocument | undefined {
  try {
    return parseConfig(text, VARIABLE);
  } catch {
    return undefined;
  }
}

function namesHelpers(document: ConfigDocument | undefined): boolean {
  return (
    document !== undefined &&
    (Object.hasOwn(document, "credHelpers") || Object.hasOwn(document, "credsStore"))
  );
}

/** docker refuses the whole variable for one field it does not know. */
function isStrict(document: ConfigDocument): boolean {
  if (Object.keys(document).some((field) => field !== "auths")) return false;
  return Object.values(authsOf(document)).every(
    (entry) => isRecord(entry) && Object.keys(entry).every((field) => field === "auth"),
  );
}

function readEntry(auths: ConfigDocument, name: string): Credential | undefined {
  return readAuthEntry(auths[name], "docker", `${VARIABLE}, entry ${name}`, VARIABLE);
}
