import { isAddress, isLoopbackHost, isPrivateHost } from "./address.ts";
import { AuthError } from "./errors.ts";

/**
 * Where the secrets of a registry may go besides its own site: registry host, or `*.suffix`, to origins
 * (`https://sso.example.net`). Named by whoever configures the client, never by a server.
 */
export type RealmAllowances = Readonly<Record<string, readonly string[]>>;

export interface RealmRules {
  readonly realms?: RealmAllowances | undefined;
  /** Hosts (or all) to which a secret may go over plain HTTP; loopback needs no permission. */
  readonly sendSecretsOverPlainHttp?: boolean | readonly string[] | undefined;
}

/**
 * A Bearer challenge's realm as the URL of a token server: absolute, or relative to the registry. `undefined` where it
 * is none, as in RFC 6750, whose realms are mere names.
 *
 * @throws AuthError `POLICY_REFUSED` for one that no request may go to.
 */
export function resolveRealm(realm: string, registry: URL, rules: RealmRules): URL | undefined {
  const url = parseRealm(realm, registry);
  if (url === undefined) return undefined;
  if (url.protocol === "http:" && registry.protocol === "https:") {
    throw new AuthError(
      "POLICY_REFUSED",
      `${registry.host} is reached by https but names a token server by plain http (${url.origin}); ` +
        "nothing was sent there, as anybody on the way could read it",
    );
  }
  const elsewhere = url.hostname !== registry.hostname;
  if (
    elsewhere &&
    isPrivateHost(url.hostname) &&
    !isPrivateHost(registry.hostname) &&
    !isNamed(url, registry, rules)
  ) {
    throw new AuthError(
      "POLICY_REFUSED",
      `${registry.host} names a token server at a private address (${url.origin}); ` +
        optionHint(url, registry),
    );
  }
  return url;
}

/**
 * Whether stored secrets may go to this token server: it is on the registry's own site, or allowed by name.
 *
 * @throws AuthError `POLICY_REFUSED` where they may not; the message names the option.
 */
export async function assertRealmMayHaveSecrets(url: URL, registry: URL, rules: RealmRules): Promise<void> {
  assertEncrypted(url, rules);
  if (url.hostname === registry.hostname || isNamed(url, registry, rules)) return;
  if (isSameMachine(url.hostname, registry.hostname)) return;
  if (await isSameSite(url.hostname, registry.hostname)) return;
  throw new AuthError(
    "POLICY_REFUSED",
    `${registry.host} asks for its credentials to be sent to ${url.origin}, which is another site; ` +
      optionHint(url, registry),
  );
}

/** @throws AuthError `POLICY_REFUSED` where a secret would cross a network unencrypted. */
export function assertEncrypted(url: URL, rules: RealmRules): void {
  if (url.protocol === "https:" || isLoopbackHost(url.hostname)) return;
  const allowed = rules.sendSecretsOverPlainHttp ?? false;
  if (allowed === true || (allowed !== false && allowed.includes(url.host))) return;
  throw new AuthError(
    "POLICY_REFUSED",
    `credentials are not sent to ${url.host} over plain http; ` +
      `if the network between is trusted, allow it: sendSecretsOverPlainHttp: ["${url.host}"]`,
  );
}

/** Token servers that live on another site than their registry, and are known to belong to it. */
const WELL_KNOWN_REALMS: RealmAllowances = {
  "registry-1.docker.io": ["https://auth.docker.io"],
  "index.docker.io": ["https://auth.docker.io"],
  "registry.hub.docker.com": ["https://auth.docker.io"],
  "registry.gitlab.com": ["https://gitlab.com"],
  "registry.digitalocean.com": ["https://api.digitalocean.com"],
  "registry.redhat.io": ["https://sso.redhat.com"],
  "docker.elastic.co": ["https://docker-auth.elastic.co"],
  "lscr.io": ["https://ghcr.io"],
};

function parseRealm(realm: string, registry: URL): URL | undefined {
  // A URL parser drops tabs and line breaks; nobody who is honest sends them.
  for (let at = 0; at < realm.length; at += 1) {
    const code = realm.charCodeAt(at);
    if (code <= 0x20 || code === 0x7f) return undefined;
  }
  const relative = realm.startsWith("/");
  if (!relative && !/^https?:\/\//i.test(realm)) return undefined;
  if (!URL.canParse(realm, registry.origin)) return undefined;
  const url = new URL(realm, registry.origin);
  if (url.protocol !== "https:" && url.protocol !== "http:") return undefined;
  if (url.username !== "" || url.password !== "") return undefined;
  url.hash = "";
  return url;
}

function isNamed(url: URL, registry: URL, rules: RealmRules): boolean {
  return [rules.realms ?? {}, WELL_KNOWN_REALMS].some((allowances) =>
    Object.entries(allowances).some(
      ([pattern, origins]) =>
        matchesHost(pattern, registry) && origins.some((origin) => originOf(origin) === url.origin),
    ),
  );
}

/** `registry.example`, with its port where it has one, or `*.example` for everything below it. */
function matchesHost(pattern: string, registry: URL): boolean {
  const wanted = pattern.toLowerCase();
  if (wanted === "docker.io") return registry.hostname === "registry-1.docker.io";
  return wanted.startsWith("*.") ? registry.hostname.endsWith(wanted.slice(1)) : registry.host === wanted;
}

function originOf(allowed: string): string | undefined {
  const text = allowed.includes("://") ? allowed : `https://${allowed}`;
  return URL.canParse(text) ? new URL(text).origin : undefined;
}

/** The usual names of this machine's own address; another address of the loopback network may be somebody else's. */
function isSameMachine(a: string, b: string): boolean {
  const names = ["localhost", "127.0.0.1", "[::1]"];
  return names.includes(a) && names.includes(b);
}

/** Hosts of many tenants that the Public Suffix List lacks. */
const TENANT_SUFFIXES: readonly string[] = [
  "azurecr.io",
  "azurecr.cn",
  "azurecr.us",
  "amazonaws.com",
  "amazonaws.com.cn",
  "on.aws",
  "pkg.dev",
  "jfrog.io",
];

/** Same registrable domain, by the Public Suffix List with its private part: tenants of one host are strangers. */
async function isSameSite(a: string, b: string): Promise<boolean> {
  if (isAddress(a) || isAddress(b)) return false;
  // Loaded only here: most registries keep their token server on their own host.
  const { getDomain } = await import("tldts");
  const site = getDomain(a, { allowPrivateDomains: true });
  if (site === null || site !== getDomain(b, { allowPrivateDomains: true })) return false;
  return !TENANT_SUFFIXES.some((suffix) => site === suffix || suffix.endsWith(`.${site}`));
}

function optionHint(url: URL, registry: URL): string {
  return `if it does belong to the registry, allow it: realms: { "${registry.host}": ["${url.origin}"] }`;
}
