import { join } from "node:path";
import { TransportError } from "../errors.ts";
import type { Endpoint, Planner, RegistryPlan } from "../registry-plan.ts";
import type { TlsSettings } from "../undici/options.ts";
import { readText } from "./read-text.ts";
import { Table } from "./toml-document.ts";

/** What a folder of containerd's `hosts.toml` files says. */
export interface HostsFolder {
  /** For `withMirrors`. */
  readonly planner: Planner;
  /** For the engine's `tlsFor`: certificates of the hosts that the files name, as far as they have been read. */
  readonly tlsFor: (host: string) => Promise<TlsSettings | undefined>;
  /** Whether a host's certificate need not be right (`skip_verify`). */
  readonly isInsecure: (host: string) => boolean;
}

interface HostTls extends TlsSettings {
  readonly insecure: boolean;
}

/**
 * Reads containerd's registry configuration, a folder with one `hosts.toml` for each registry: `<host>`, `<host>_<port>_`
 * or `_default`. Each file is read when its registry is first asked for.
 *
 * @throws TransportError `CONFIG` naming file and key, from the planner.
 * @example
 * ```ts
 * const { planner } = readHostsFolder("/etc/containerd/certs.d");
 * ```
 */
export function readHostsFolder(folder: string): HostsFolder {
  const plans = new Map<string, Promise<RegistryPlan | undefined>>();
  const tls = new Map<string, HostTls>();
  const read = async (registry: string): Promise<RegistryPlan | undefined> => {
    for (const name of folderNames(registry)) {
      const home = join(folder, name);
      const path = join(home, "hosts.toml");
      const text = await readText(path);
      if (text !== undefined) return planOf(Table.parse(text, path), registry, home, tls);
    }
    return undefined;
  };
  return {
    planner: (registry) => {
      // A name with a separator would lead out of the folder; no registry has one.
      if (/[/\\]|^\.\.?$/.test(registry)) return undefined;
      let plan = plans.get(registry);
      if (plan === undefined) {
        plan = read(registry);
        plans.set(registry, plan);
      }
      return plan;
    },
    tlsFor: async (host) => tls.get(host),
    isInsecure: (host) => tls.get(host)?.insecure === true,
  };
}

function folderNames(registry: string): readonly string[] {
  const colon = registry.lastIndexOf(":");
  if (colon === -1) return [registry, "_default"];
  return [`${registry.slice(0, colon)}_${registry.slice(colon + 1)}_`, registry, "_default"];
}

async function planOf(
  table: Table,
  registry: string,
  home: string,
  tls: Map<string, HostTls>,
): Promise<RegistryPlan> {
  const hosts = table.table("host");
  const endpoints: Endpoint[] = [];
  for (const url of hosts?.keys() ?? []) {
    const host = hosts?.table(url);
    if (host !== undefined) endpoints.push(await endpointOf(url, host, registry, home, tls));
  }
  const server = table.string("server");
  if (server !== undefined) {
    // The file's own fields describe the server as a [host] does.
    const end = await endpointOf(server, table, registry, home, tls);
    endpoints.push({ ...end, ns: undefined, upstream: true });
  }
  return { endpoints };
}

async function endpointOf(
  address: string,
  table: Table,
  registry: string,
  home: string,
  tls: Map<string, HostTls>,
): Promise<Endpoint> {
  const url = urlOf(address, home);
  const can = new Set(table.strings("capabilities") ?? ["pull", "resolve", "push"]);
  const insecure = table.boolean("skip_verify") ?? false;
  tls.set(url.host, { ...(await certificatesOf(table, home)), insecure });
  const path = url.pathname.replace(/\/+$/, "");
  const overridden = table.boolean("override_path") ?? false;
  const header = table.table("header");
  const headers = Object.fromEntries(
    (header?.keys() ?? []).map((name) => [name.toLowerCase(), header?.strings(name)?.join(", ") ?? ""]),
  );
  return {
    origin: url.origin,
    prefix:
      overridden && path !== ""
        ? path
        : path === "" || path === "/v2"
          ? "/v2"
          : path.startsWith("/v2/")
            ? path
            : `/v2${path}`,
    resolve: can.has("resolve"),
    pull: can.has("pull"),
    push: can.has("push"),
    // A mirror serves many registries: containerd tells it which one is meant.
    ns: url.host === registry ? undefined : registry,
    insecure,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

async function certificatesOf(table: Table, home: string): Promise<TlsSettings> {
  const pem = async (path: string): Promise<string> => {
    const whole = path.startsWith("/") ? path : join(home, path);
    const text = await readText(whole);
    if (text === undefined)
      throw new TransportError("CONFIG", `${whole}, a certificate that hosts.toml names, is not there`);
    return text;
  };
  const ca = await Promise.all((table.strings("ca") ?? []).map(pem));
  const [cert, key] = table.strings("client") ?? [];
  return {
    ...(ca.length === 0 ? {} : { ca }),
    ...(cert === undefined ? {} : { cert: await pem(cert) }),
    ...(key === undefined && cert === undefined ? {} : { key: await pem(key ?? cert ?? "") }),
  };
}

function urlOf(address: string, home: string): URL {
  try {
    return new URL(address.includes("://") ? address : `https://${address}`);
  } catch (cause) {
    throw new TransportError("CONFIG", `${join(home, "hosts.toml")}: ${JSON.stringify(address)} is no URL`, {
      cause,
    });
  }
}
