import { readFileSync } from "node:fs";
import type {
  CreateClientOptions,
  CredentialStore,
  EnvironmentOptions,
  FileTokenCache,
  Reference,
  RegistryClient,
} from "@reg/sdk";
import type { Call } from "./call.ts";
import { describeFailure } from "./failure.ts";
import { readSecret } from "./read-secret.ts";
import { registryConfiguration } from "./registry-configuration.ts";
import { UsageError } from "./usage-error.ts";

type Sdk = typeof import("@reg/sdk");

/** A client made as the options say, and the arguments read with the defaults of the environment. */
export interface Session {
  readonly sdk: Sdk;
  readonly client: RegistryClient;
  readonly credentials: CredentialStore;
  /** Where tokens outlive this run, if they do. */
  readonly tokens: FileTokenCache | undefined;
  /** How the client was made, for what needs a transport of its own. */
  readonly options: CreateClientOptions;
  readonly environment: EnvironmentOptions;
  /** `NAME[:TAG][@DIGEST]`; without either, the default tag. */
  image(text: string): Reference;
  /** `NAME`, without tag and digest. */
  repository(text: string): Reference;
  /** `NAME@DIGEST`. */
  blob(text: string): Reference;
  /** A tag for the repository of a reference. */
  tag(reference: Reference, text: string): string;
}

/**
 * Loads the library, which help and usage errors do without, and makes a client that is closed when the command ends.
 *
 * @param names - the registries or references that `--username` is for
 */
export async function openSession(call: Call, names: readonly string[]): Promise<Session> {
  const sdk = await import("@reg/sdk");
  const environment = sdk.optionsFromEnvironment(call.environment);
  const references = referenceReaders(sdk, environment);
  const hosts = names.map((name) => registryOf(sdk, environment, name));
  const files = await registryConfiguration(call);
  const credentials = await credentialsOf(call, sdk, environment, hosts, files.credentialHelpers);
  const observe = observerOf(call, sdk, environment);
  const tokens = tokenCache(call, sdk, environment);
  const kept = tokens === undefined ? {} : { tokenCache: tokens };
  const options = { ...files, ...clientOptions(call, environment, credentials), ...kept, ...observe };
  const client = sdk.createClient(options);
  call.defer(() => client.close());
  return { sdk, client, credentials, tokens, options, environment, ...references };
}

/** {@link openSession} for the image that the argument REF names. */
export async function openReferenceSession(call: Call): Promise<Session & { readonly reference: Reference }> {
  const text = call.argument("REF");
  const session = await openSession(call, [text]);
  return { ...session, reference: session.image(text) };
}

/** The host that an argument names: a bare host, or that of a reference. */
export function registryOf(sdk: Sdk, environment: EnvironmentOptions, name: string): string {
  return nameOf(sdk, environment, name).registry;
}

/** What an argument names that may be a registry, a repository or an image. */
export function nameOf(
  sdk: Sdk,
  environment: EnvironmentOptions,
  name: string,
): { readonly registry: string; readonly repository?: string } {
  const scheme = /^([a-z]+):\/\/(.*?)\/*$/i.exec(name);
  if (scheme !== null) {
    const plain = scheme[1]?.toLowerCase() === "http" ? " --plain-http" : "";
    throw new UsageError(`"${name}" is a URL, not the name of a registry`, `write ${scheme[2]}${plain}`);
  }
  if (!name.includes("/") && looksLikeHost(name)) {
    return { registry: sdk.parseReference(`${name}/x`, environment.reference).domain };
  }
  const { domain, path } = sdk.parseReference(name, environment.reference);
  return { registry: domain, repository: path };
}

function looksLikeHost(name: string): boolean {
  return /^(?:localhost|.*\..*|\[.*\]|[^:@]*:\d+)(?::\d+)?$/i.test(name) && !name.includes("@");
}

function referenceReaders(
  sdk: Sdk,
  environment: EnvironmentOptions,
): Pick<Session, "image" | "repository" | "blob" | "tag"> {
  const { reference: defaults } = environment;
  const { defaultTag, ...untagged } = defaults;
  return {
    image: (text) => sdk.parseReference(text, { ...defaults, defaultTag: defaultTag ?? "latest" }),
    repository: (text) => {
      const reference = sdk.parseReference(text, untagged);
      if (reference.tag === undefined && reference.digest === undefined) return reference;
      throw new UsageError(`"${text}" names an image, not a repository`, `write ${bare(reference)}`);
    },
    blob: (text) => {
      const reference = sdk.parseReference(text, untagged);
      if (reference.digest !== undefined) return reference.with({ tag: undefined });
      throw new UsageError(`"${text}" has no digest`, `write ${bare(reference)}@sha256:…`);
    },
    tag: (reference, text) => {
      reference.with({ tag: text, digest: undefined });
      return text;
    },
  };
}

function bare(reference: Reference): string {
  return reference.with({ tag: undefined, digest: undefined }).familiar();
}

function clientOptions(
  call: Call,
  environment: EnvironmentOptions,
  credentials: CredentialStore,
): CreateClientOptions {
  const ca = call.text("ca");
  const family = call.text("family");
  const proxy = call.text("proxy");
  const resolve = call.list("resolve");
  const realms = call.list("realm");
  const concurrency = call.number("concurrency");
  const workers = call.number("workers");
  const ranges = readRanges(call.text("ranges"));
  if (call.flag("plain-http") && call.flag("https")) {
    throw new UsageError("--plain-http and --https contradict each other");
  }
  return {
    ...environment.client,
    credentials,
    userAgent: "reg",
    onWarning: ({ registry, text }) => call.output.note(`${registry} warns: ${text}`),
    ...(call.flag("plain-http") ? { plainHttp: true } : {}),
    ...(call.flag("https") ? { plainHttp: false } : {}),
    ...(call.flag("insecure") ? { insecure: true } : {}),
    ...(call.flag("plain-http") && call.flag("insecure") ? { sendSecretsOverPlainHttp: true } : {}),
    ...(realms.length === 0 ? {} : { realms: readRealms(realms) }),
    ...(ca === undefined ? {} : { ca: readFileSync(ca, "utf8") }),
    ...(family === undefined ? {} : { family: family === "4" ? 4 : family === "6" ? 6 : "auto" }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(resolve.length === 0 ? {} : { resolve: Object.fromEntries(resolve.map(readPin)) }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(ranges === undefined ? {} : { ranges }),
    ...(workers === undefined ? {} : { workers }),
  };
}

/** An authenticator goes on without what it cannot keep; whoever asked for it is told once. */
function tokenCache(call: Call, sdk: Sdk, environment: EnvironmentOptions): FileTokenCache | undefined {
  const path = call.text("token-cache") ?? environment.tokenCacheFile;
  if (path === undefined) return undefined;
  const cache = sdk.fileTokenCache(path);
  let told = false;
  const set = async (...[key, token]: Parameters<FileTokenCache["set"]>): Promise<void> => {
    try {
      await cache.set(key, token);
    } catch (error) {
      if (!told) call.output.note(`tokens are not kept: ${describeFailure(error).message}`);
      told = true;
    }
  };
  return { ...cache, set };
}

function observerOf(
  call: Call,
  sdk: Sdk,
  environment: EnvironmentOptions,
): Pick<CreateClientOptions, "observe"> {
  if (!call.flag("debug") && !environment.debug) return {};
  return { observe: (event) => call.output.error(sdk.formatEvent(event)) };
}

function readRanges(word: string | undefined): CreateClientOptions["ranges"] {
  if (word === undefined || word === "auto" || word === "off") return word;
  if (/^[1-9]\d{0,2}$/.test(word)) return Number(word);
  throw new UsageError(`--ranges is a number of connections, auto or off, not "${word}"`, "for example 4");
}

function readRealms(words: readonly string[]): Record<string, string[]> {
  const realms: Record<string, string[]> = {};
  for (const word of words) {
    const [host, url] = word.split("=", 2);
    if (!host || !url || !URL.canParse(url)) {
      throw new UsageError(
        `--realm is HOST=URL, not "${word}"`,
        "for example ghcr.io=https://sso.example.com",
      );
    }
    realms[host] = [...(realms[host] ?? []), new URL(url).origin];
  }
  return realms;
}

/** `HOST:PORT:ADDR`, where host and address may be IPv6 in brackets. */
function readPin(text: string): readonly [string, string] {
  const match = /^(\[[^\]]+\]|[^:]+):(\d{1,5}):(.+)$/.exec(text);
  const [, host, port, address] = match ?? [];
  if (host === undefined || port === undefined || address === undefined || Number(port) > 65_535) {
    throw new UsageError(`--resolve is HOST:PORT:ADDR, not "${text}"`, "for example ghcr.io:443:192.0.2.1");
  }
  return [`${host.toLowerCase()}:${Number(port)}`, address.replace(/^\[(.*)\]$/, "$1")];
}

function keptCredentials(
  call: Call,
  sdk: Sdk,
  environment: EnvironmentOptions,
  credentialHelpers: readonly string[] | undefined,
): CredentialStore {
  const authFile = call.text("authfile");
  if (authFile !== undefined) return sdk.defaultCredentialStore({ authFile, env: call.environment });
  const file = environment.credentialsFile;
  if (file !== undefined) return sdk.dockerConfigStore({ file, env: call.environment });
  return sdk.defaultCredentialStore({ env: call.environment, credentialHelpers });
}

/** What is given on the command line comes first, for the registries it names; then what was kept at login. */
async function credentialsOf(
  call: Call,
  sdk: Sdk,
  environment: EnvironmentOptions,
  hosts: readonly string[],
  credentialHelpers: readonly string[] | undefined,
): Promise<CredentialStore> {
  const kept = keptCredentials(call, sdk, environment, credentialHelpers);
  const username = call.text("username");
  // These commands use what is given themselves.
  if (call.name === "login" || call.name === "serve") return kept;
  if (username === undefined) {
    if (!call.flag("password-stdin")) return kept;
    throw new UsageError("--password-stdin needs --username");
  }
  if (!call.flag("password-stdin")) {
    throw new UsageError("--username needs --password-stdin", "or keep the password once with `reg login`");
  }
  const distinct = [...new Set(hosts)];
  if (distinct.length > 1) {
    throw new UsageError(
      `--username could be for ${distinct.join(" or for ")}`,
      "sign in to each with `reg login` instead",
    );
  }
  const password = await readSecret(call.signal);
  const given = sdk.staticCredentials(
    Object.fromEntries(distinct.map((host) => [host, { username, password }])),
  );
  return sdk.chain(given, kept);
}
