/** Where requests for one repository go, in this order. */
export interface RegistryPlan {
  /** Refuses every request; the text says who decided so. */
  readonly blocked?: string | undefined;
  readonly endpoints: readonly Endpoint[];
}

/** A mirror, or the registry itself. */
export interface Endpoint {
  /** `https://mirror.example`, or `mirror.example:5000` where the scheme has to be found out. */
  readonly origin: string;
  /** What stands before the repository's name; `/v2` unless said otherwise. */
  readonly prefix?: string | undefined;
  /** The repository's name there, where it is another. */
  readonly repository?: string | undefined;
  /** Whether it may say what a tag stands for. */
  readonly resolve: boolean;
  /** Whether content is fetched from it by digest. */
  readonly pull: boolean;
  /** Whether pushes go to it. */
  readonly push: boolean;
  /** The value of the query parameter `ns`, by which a proxy knows whose content is meant. */
  readonly ns?: string | undefined;
  /** Header fields for it alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Any certificate is accepted, and plain http where it does not speak TLS. */
  readonly insecure?: boolean | undefined;
  /** The registry itself: credentials, headers and context stay as they are. */
  readonly upstream?: boolean | undefined;
}

/** Says where requests for a repository go; undefined: to its registry, as if nothing were configured. */
export type Planner = (
  registry: string,
  repository: string,
) => Promise<RegistryPlan | undefined> | RegistryPlan | undefined;

/** A mirror as options name it: its URL (the path is what stands before `/v2`'s names), or with what it may do. */
export type MirrorOption =
  | string
  | {
      readonly url: string;
      readonly resolve?: boolean;
      readonly pull?: boolean;
      readonly push?: boolean;
      /** Sends `ns=<registry>` along. */
      readonly ns?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      readonly insecure?: boolean;
    };

/**
 * Mirrors from plain options: for each registry its mirrors in order; the registry itself comes last.
 *
 * @example
 * ```ts
 * const planner = planMirrors({ "docker.io": ["https://mirror.example", { url: "https://cache.example/hub", resolve: false }] });
 * ```
 */
export function planMirrors(mirrors: Readonly<Record<string, readonly MirrorOption[]>>): Planner {
  const plans = new Map(
    Object.entries(mirrors).map(([registry, list]) => [
      registry,
      { endpoints: list.map((one) => endpointOf(one, registry)) },
    ]),
  );
  return (registry) => plans.get(registry);
}

function endpointOf(option: MirrorOption, registry: string): Endpoint {
  const mirror = typeof option === "string" ? { url: option } : option;
  const url = new URL(mirror.url.includes("://") ? mirror.url : `https://${mirror.url}`);
  const path = url.pathname.replace(/\/+$/, "");
  return {
    origin: url.origin,
    prefix: path === "" || path === "/v2" ? "/v2" : path.startsWith("/v2/") ? path : `/v2${path}`,
    resolve: mirror.resolve ?? true,
    pull: mirror.pull ?? true,
    push: mirror.push ?? false,
    ns: mirror.ns === true ? registry : undefined,
    headers: mirror.headers,
    insecure: mirror.insecure,
  };
}
