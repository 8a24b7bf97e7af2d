import { homedir } from "node:os";
import { join } from "node:path";
import { TransportError } from "../errors.ts";
import { usesPlainHttp } from "../probe-scheme.ts";
import type { Endpoint, Planner, RegistryPlan } from "../registry-plan.ts";
import { readFolder, readText } from "./read-text.ts";
import { Table } from "./toml-document.ts";

/** What `registries.conf` says. */
export interface RegistriesConf {
  /** For `withMirrors`. */
  readonly planner: Planner;
  /** Registries that short names are looked for in. */
  readonly unqualifiedSearchRegistries: readonly string[];
  /** Short names and what they stand for. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Hosts whose certificate need not be right, and that may speak plain http: for the engine's `insecure`. */
  readonly insecureHosts: readonly string[];
  /**
   * Where credentials are looked for, in this order: names of helpers, and `containers-auth.json` for the files. For
   * the option of the same name of `@reg/auth`'s stores; undefined where nothing is said.
   */
  readonly credentialHelpers: readonly string[] | undefined;
}

/** Where {@link readRegistriesConf} looks. */
export interface RegistriesConfOptions {
  /** Files in order, each added to by its drop-in folder `<file>.d`; by default the user's, else the system's. */
  readonly path?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

interface Rule {
  readonly prefix: string;
  readonly location: string;
  readonly insecure: boolean;
  readonly blocked: boolean;
  readonly mirrors: readonly { location: string; insecure: boolean; tags: boolean; digests: boolean }[];
}

/**
 * Reads containers' `registries.conf` (version 2) with its drop-in folder: mirrors, prefix and location, `blocked`,
 * `insecure`, `pull-from-mirror`, wildcards in the host, `credential-helpers`. The longest fitting prefix counts, of equal ones the last read.
 *
 * @throws TransportError `CONFIG` naming file and key.
 * @example
 * ```ts
 * const { planner } = await readRegistriesConf({ path: "/etc/containers/registries.conf" });
 * ```
 */
export async function readRegistriesConf(options: RegistriesConfOptions = {}): Promise<RegistriesConf> {
  const paths = await confPaths(options);
  const rules = new Map<string, Rule>();
  const aliases = new Map<string, string>();
  let search: readonly string[] = [];
  let credentialHelpers: readonly string[] | undefined;
  for (const path of paths) {
    const text = await readText(path);
    if (text === undefined) continue;
    const table = Table.parse(text, path);
    if (table.keys().includes("registries")) {
      throw new TransportError(
        "CONFIG",
        `${path} has the form of version 1, which is not read: use [[registry]]`,
      );
    }
    search = table.strings("unqualified-search-registries") ?? search;
    credentialHelpers = table.strings("credential-helpers") ?? credentialHelpers;
    for (const registry of table.tables("registry")) {
      const rule = ruleOf(registry, path);
      rules.set(rule.prefix, rule);
    }
    const short = table.table("aliases");
    for (const name of short?.keys() ?? []) aliases.set(name, short?.string(name) ?? "");
  }
  const ordered = [...rules.values()].sort((a, b) => b.prefix.length - a.prefix.length);
  return {
    planner: (registry, repository) => planOf(ordered, registry, repository),
    unqualifiedSearchRegistries: search,
    aliases,
    insecureHosts: [...new Set(ordered.flatMap(insecureHostsOf))],
    // An empty list says no more than none (containers-registries.conf(5)).
    credentialHelpers: credentialHelpers?.length === 0 ? undefined : credentialHelpers,
  };
}

async function confPaths(options: RegistriesConfOptions): Promise<readonly string[]> {
  const environment = options.environment ?? process.env;
  const chosen = options.path ?? environment["CONTAINERS_REGISTRIES_CONF"];
  const main = chosen === undefined ? await firstExisting(defaultPaths(environment)) : chosen;
  const folder = `${main}.d`;
  const names = (await readFolder(folder)).filter((name) => name.endsWith(".conf"));
  return [main, ...names.map((name) => join(folder, name))];
}

function defaultPaths(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const config = environment["XDG_CONFIG_HOME"] ?? join(environment["HOME"] ?? homedir(), ".config");
  return [join(config, "containers/registries.conf"), "/etc/containers/registries.conf"];
}

async function firstExisting(paths: readonly string[]): Promise<string> {
  for (const path of paths) if ((await readText(path)) !== undefined) return path;
  return paths.at(-1) ?? "";
}

function ruleOf(table: Table, path: string): Rule {
  const location = table.string("location");
  const prefix = table.string("prefix") ?? location;
  if (prefix === undefined || prefix === "") {
    throw new TransportError("CONFIG", `${path}: a [[registry]] has neither prefix nor location`);
  }
  const byDigestOnly = table.boolean("mirror-by-digest-only") ?? false;
  const mirrors = table.tables("mirror").map((mirror) => {
    const from = mirror.string("pull-from-mirror") ?? (byDigestOnly ? "digest-only" : "all");
    if (from !== "all" && from !== "digest-only" && from !== "tag-only") {
      throw new TransportError("CONFIG", `${path}: pull-from-mirror is all, digest-only or tag-only`);
    }
    const where = mirror.string("location");
    if (where === undefined)
      throw new TransportError("CONFIG", `${path}: a mirror of ${prefix} has no location`);
    const insecure = mirror.boolean("insecure") ?? false;
    return { location: where, insecure, tags: from !== "digest-only", digests: from !== "tag-only" };
  });
  return {
    prefix,
    location: location ?? (prefix.startsWith("*.") ? "" : prefix),
    insecure: table.boolean("insecure") ?? false,
    blocked: table.boolean("blocked") ?? false,
    mirrors,
  };
}

function planOf(rules: readonly Rule[], registry: string, repository: string): RegistryPlan | undefined {
  const name = `${registry}/${repository}`;
  for (const rule of rules) {
    const rest = restAfter(rule.prefix, registry, name);
    if (rest === undefined) continue;
    if (rule.blocked)
      return { blocked: `the rule for ${rule.prefix} in registries.conf says so`, endpoints: [] };
    const endpoints: Endpoint[] = rule.mirrors.map((mirror) => ({
      ...placeOf(mirror.location, rest, mirror.insecure),
      resolve: mirror.tags,
      pull: mirror.digests,
      push: false,
    }));
    const target = rule.location === "" ? name : `${rule.location}${rest}`;
    if (target !== name)
      endpoints.push({ ...placeOf(target, "", rule.insecure), ...everything, upstream: true });
    return endpoints.length === 0 ? undefined : { endpoints };
  }
  return undefined;
}

const everything = { resolve: true, pull: true, push: true };

/** What follows a prefix in a name; undefined where it does not fit. A prefix ends at a `/`, `*.` stands for a host's start. */
function restAfter(prefix: string, registry: string, name: string): string | undefined {
  if (prefix.startsWith("*."))
    return registry.endsWith(prefix.slice(1)) ? `/${name.slice(registry.length + 1)}` : undefined;
  if (!name.startsWith(prefix)) return undefined;
  const rest = name.slice(prefix.length);
  return rest === "" || rest.startsWith("/") ? rest : undefined;
}

function placeOf(
  location: string,
  rest: string,
  insecure: boolean,
): Pick<Endpoint, "origin" | "repository" | "insecure"> {
  const whole = `${location}${rest}`;
  const slash = whole.indexOf("/");
  const host = slash === -1 ? whole : whole.slice(0, slash);
  const origin = insecure ? host : `${usesPlainHttp(host) ? "http" : "https"}://${host}`;
  return {
    origin: host === "docker.io" ? "https://registry-1.docker.io" : origin,
    repository: whole.slice(host.length + 1),
    insecure,
  };
}

function insecureHostsOf(rule: Rule): string[] {
  const own = rule.insecure && !rule.prefix.startsWith("*.") ? [rule.location || rule.prefix] : [];
  return [...own, ...rule.mirrors.filter((one) => one.insecure).map((one) => one.location)].map(
    (location) => location.split("/", 1)[0] ?? location,
  );
}
