import type { Credential, CredentialGetOptions, CredentialKey, CredentialStore } from "../credential.ts";
import { lookupOf, normaliseHost } from "../credential-stores.ts";
import { readAuthEntry } from "./auth-entry.ts";
import { type ConfigDocument, parseConfig, readConfig } from "./config-file.ts";
import { authsOf } from "./docker-config.ts";

/** Where an image pull secret is: a mounted file, or its content. */
export type KubernetesOptions = { readonly file: string } | { readonly json: string };

/**
 * An image pull secret, `.dockerconfigjson` or the older `.dockercfg`, matched as the kubelet does: host labels are
 * globbed one by one (`*.example.com`), ports must be equal, and a path is a prefix of the image's. Where several
 * entries match, they are tried in turn.
 *
 * @throws AuthError `CONFIG`, `SIZE_EXCEEDED` from its methods
 * @example
 * ```ts
 * import { kubernetesStore } from "@reg/auth/node";
 * const credentials = kubernetesStore({ file: "/var/run/secrets/pull/.dockerconfigjson" });
 * ```
 */
export function kubernetesStore(options: KubernetesOptions): CredentialStore {
  const source = "file" in options ? options.file : "Kubernetes pull secret";
  const load = async (): Promise<ConfigDocument> =>
    "file" in options ? ((await readConfig(options.file)) ?? {}) : parseConfig(options.json, source);
  const getAll = async (
    key: CredentialKey,
    getOptions?: CredentialGetOptions,
  ): Promise<readonly Credential[]> => {
    const found = findKubernetesCredentials(await load(), key, source);
    if (found.length === 0) getOptions?.trace?.(lookupOf(source, key.registry, undefined));
    for (const match of found) getOptions?.trace?.(lookupOf(source, match.key, match.credential));
    return found.map(({ credential }) => credential);
  };
  return {
    async get(key, getOptions) {
      const [credential] = await getAll(key, getOptions);
      return credential;
    },
    getAll,
    async list() {
      return Object.keys(entriesOf(await load())).map((registry) => ({ registry, source }));
    },
  };
}

/**
 * Every entry that matches, in the order in which the kubelet tries them.
 *
 * @throws AuthError `CONFIG` where none of those that match can be read
 */
export function findKubernetesCredentials(
  document: ConfigDocument,
  key: CredentialKey,
  source: string,
): { readonly key: string; readonly credential: Credential }[] {
  const entries = entriesOf(document);
  const hub = normaliseHost(key.registry) === "docker.io";
  const image = parseTarget(
    `${hub ? "index.docker.io" : key.registry.toLowerCase()}/${key.repository ?? ""}`,
  );
  const found: { readonly key: string; readonly credential: Credential }[] = [];
  let failure: unknown;
  for (const name of Object.keys(entries).sort().reverse()) {
    const pattern = parseTarget(name);
    if (image === undefined || pattern === undefined || !matches(pattern, image)) continue;
    try {
      const credential = readAuthEntry(entries[name], "docker", `${source}, entry ${name}`, source);
      if (credential !== undefined) found.push({ key: name, credential });
    } catch (error) {
      failure ??= error;
    }
  }
  if (found.length === 0 && failure !== undefined) throw failure;
  return found;
}

interface Target {
  readonly labels: readonly string[];
  readonly port: string;
  readonly path: string;
}

/** `auths`, or the whole of the older form. */
function entriesOf(document: ConfigDocument): ConfigDocument {
  return Object.hasOwn(document, "auths") ? authsOf(document) : document;
}

function parseTarget(key: string): Target | undefined {
  let rest = key;
  for (const scheme of ["https://", "http://"]) {
    if (rest.startsWith(scheme)) rest = rest.slice(scheme.length);
  }
  const slash = rest.indexOf("/");
  const authority = slash === -1 ? rest : rest.slice(0, slash);
  let path = slash === -1 ? "" : rest.slice(slash);
  // The paths of the two APIs say nothing about the image.
  for (const version of ["/v1/", "/v2/"]) {
    if (path.startsWith(version)) path = path.slice(version.length - 1);
  }
  if (path === "/v1" || path === "/v2" || path === "/") path = "";
  if (authority === "") return undefined;
  const colon = authority.lastIndexOf(":");
  const port = colon === -1 || authority.endsWith("]") ? "" : authority.slice(colon + 1);
  const host = port === "" ? authority : authority.slice(0, colon);
  return { labels: host.toLowerCase().split("."), port, path };
}

function matches(pattern: Target, image: Target): boolean {
  return (
    pattern.port === image.port &&
    pattern.labels.length === image.labels.length &&
    pattern.labels.every((label, at) => globMatches(label, image.labels[at] ?? "")) &&
    image.path.startsWith(pattern.path)
  );
}

/** `*`, `?` and `[a-z]` within one label; backtracks to the last star only, so at most length times length steps. */
export function globMatches(glob: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    const step = from < glob.length ? matchOne(glob, from, text[at] ?? "") : undefined;
    if (glob[from] === "*") {
      star = from;
      resume = at;
      from += 1;
    } else if (step !== undefined) {
      from = step;
      at += 1;
    } else if (star >= 0) {
      from = star + 1;
      resume += 1;
      at = resume;
    } else {
      return false;
    }
  }
  while (glob[from] === "*") from += 1;
  return from === glob.length;
}

/** Where the pattern goes on if its next item takes this character. */
function matchOne(glob: string, at: number, character: string): number | undefined {
  if (glob[at] === "?") return at + 1;
  if (glob[at] !== "[") return glob[at] === character ? at + 1 : undefined;
  const end = glob.indexOf("]", at + 2);
  // A bracket that is never closed matches nothing, as in the kubelet.
  if (end === -1) return undefined;
  const negated = glob[at + 1] === "^" || glob[at + 1] === "!";
  let found = false;
  for (let item = at + (negated ? 2 : 1); item < end; item += 1) {
    const first = glob[item] ?? "";
    const ranged = glob[item + 1] === "-" && item + 2 < end;
    const last = ranged ? (glob[item + 2] ?? "") : first;
    if (character >= first && character <= last) found = true;
    if (ranged) item += 2;
  }
  return found === negated ? undefined : end + 1;
}
