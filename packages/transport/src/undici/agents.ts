// The bare name is Bun's own stand-in there, which has no `dispatch`.
import { Agent, type Dispatcher, Pool, ProxyAgent } from "undici/index.js";
import { TransportError } from "../errors.ts";
import { isPrivateAddress, isPrivateHost } from "../ip-address.ts";
import type { TransportRequest } from "../transport.ts";
import { type ConnectorOptions, createConnector } from "./connector.ts";
import type { TlsSettings, UndiciTransportOptions } from "./options.ts";
import { proxyRules } from "./proxy-rules.ts";
import { readPastContinue } from "./read-past-continue.ts";
import { readThrough } from "./read-through.ts";
import { createResolver } from "./resolver.ts";
import { mergeTls, secureContext } from "./tls-settings.ts";

/** A challenge may take 16 KiB of header fields; beyond that and the usual rest, an answer is refused. */
const MAX_HEADER_BYTES = 18 * 1024;
const CONNECT_TIMEOUT_MILLISECONDS = 10_000;
const ATTEMPT_DELAY_MILLISECONDS = 250;
/** More than any scheduler here asks for; a bound on what a mistake can open. */
const CONNECTIONS = 64;
/** Behind a proxy each origin has its own, and hostile redirects may name many. */
const MAX_AGENTS = 64;
/** Registries of one process are few; beyond them the choice is made anew. */
const MAX_HOMES = 256;
/** After this, bodies that nobody reads are cut off, so that `close()` ends. */
const CLOSE_GRACE_MILLISECONDS = 5_000;

/** A dispatcher for one request. */
export interface Chosen {
  readonly dispatcher: Dispatcher;
  /** Whether its chunks lie in a buffer that the next read overwrites. */
  readonly borrowed: boolean;
}

/** The agents of one engine: connections made under different rules never serve each other's requests. */
export interface Agents {
  /** The dispatcher of most requests, to the registry itself and without a proxy, once there was one. */
  known(request: TransportRequest): Chosen | undefined;
  dispatcherFor(request: TransportRequest): Promise<Chosen>;
  close(): Promise<void>;
}

/** What sets connections apart. */
interface Kind {
  /** Whether the client certificate is shown. */
  readonly identified: boolean;
  /** Whether private addresses are refused. */
  readonly guarded: boolean;
}

export function createAgents(options: UndiciTransportOptions): Agents {
  const own = options.dispatcher;
  if (own !== undefined) {
    const chosen = { dispatcher: own, borrowed: false };
    return {
      known: () => chosen,
      dispatcherFor: async () => chosen,
      close: async () => undefined,
    };
  }
  const resolver = createResolver(options);
  const allowPrivate = hostMatcher(options.allowPrivate);
  const insecure = hostMatcher(options.insecure);
  const connectTimeoutMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MILLISECONDS;
  // An HTTP/2 session reads by itself. Bun (1.4) fills the buffer of `onread` once and loses what else came.
  const prepares = options.http2 !== true;
  const readsThrough = prepares && !("Bun" in globalThis);
  const proxyOf = proxyRules(options);
  let agents = new Map<string, Agent | ProxyAgent>();
  const publicOrigins = new Map<string, Promise<boolean>>();
  /** By the registry's origin. */
  const atHomes = new Map<string, Chosen>();

  const tlsFor = async (host: string, identified: boolean): Promise<TlsSettings> => {
    const settings = mergeTls(options, await options.tlsFor?.(host));
    return identified ? settings : { ca: settings.ca, onlyCa: settings.onlyCa };
  };

  const connectorOptions = (kind: Kind): ConnectorOptions => ({
    resolver,
    connectTimeoutMs,
    attemptDelayMs: options.attemptDelayMs ?? ATTEMPT_DELAY_MILLISECONDS,
    http2: options.http2 === true,
    localAddress: options.localAddress,
    guarded: kind.guarded,
    allowPrivate,
    insecure,
    tlsFor: (host) => tlsFor(host, kind.identified),
    observe: options.observe,
    prepare: readsThrough ? readThrough : prepares ? readPastContinue : undefined,
  });

  const poolOptions = {
    connections: options.connections ?? CONNECTIONS,
    allowH2: options.http2 === true,
    maxHeaderSize: MAX_HEADER_BYTES,
  };

  const agentFor = (kind: Kind): Agent | ProxyAgent => {
    const key = `${kind.identified} ${kind.guarded}`;
    let agent = agents.get(key);
    if (agent === undefined) {
      agent = new Agent({ ...poolOptions, connect: createConnector(connectorOptions(kind)) });
      agents.set(key, agent);
    }
    return agent;
  };

  /** One for each origin, for certificates are set by host. */
  const proxyAgentFor = async (proxy: URL, url: URL, identified: boolean): Promise<ProxyAgent> => {
    const key = `${identified} ${proxy.href} ${url.origin}`;
    const known = agents.get(key);
    if (known instanceof ProxyAgent) return known;
    const context = secureContext(await tlsFor(url.host, identified), true);
    const rejectUnauthorized = !insecure(url.hostname, url.port || "443");
    // A tunnel is TLS within the connection, which takes it over: nothing of ours may stand on it.
    const connect = createConnector({
      ...connectorOptions({ identified: false, guarded: false }),
      prepare: undefined,
    });
    const agent = new ProxyAgent({
      ...poolOptions,
      uri: proxy.href,
      connectTimeout: connectTimeoutMs,
      requestTls: { rejectUnauthorized, ...(context === undefined ? {} : { secureContext: context }) },
      // To the proxy itself, addresses are raced as to any other host.
      clientFactory: (origin) =>
        new Pool(origin, { ...poolOptions, connect, headersTimeout: connectTimeoutMs }),
      factory: (origin, given) =>
        new Pool(origin, {
          ...poolOptions,
          ...given,
          ...(origin.toString() === proxy.href ? { connect } : {}),
        }),
    });
    const other = agents.get(key);
    if (other instanceof ProxyAgent) return other;
    agents.set(key, agent);
    const [oldest] = agents;
    if (agents.size > MAX_AGENTS && oldest !== undefined) {
      agents.delete(oldest[0]);
      // It ends when what is under way has; nobody needs to know.
      oldest[1].close().catch(() => undefined);
    }
    return agent;
  };

  /** Whether a registry's own addresses are all public; one that cannot be looked up (behind a proxy) counts as such. */
  const isPublic = (origin: string): Promise<boolean> => {
    let answer = publicOrigins.get(origin);
    if (answer === undefined) {
      const { hostname, port, protocol } = new URL(origin);
      const signal = AbortSignal.timeout(connectTimeoutMs);
      answer = resolver.addressesOf(hostname, port || (protocol === "https:" ? "443" : "80"), signal).then(
        (addresses) => addresses.every((one) => !isPrivateAddress(one.address)),
        () => {
          publicOrigins.delete(origin);
          return true;
        },
      );
      publicOrigins.set(origin, answer);
    }
    return answer;
  };

  return {
    known: ({ context, url }) => {
      const chosen = context === undefined ? undefined : atHomes.get(context.origin);
      return chosen !== undefined && context?.origin === url.origin ? chosen : undefined;
    },
    dispatcherFor: async (request) => {
      const registry = request.context?.origin ?? request.onBehalfOf ?? request.url.origin;
      const atHome = registry === request.url.origin;
      const guarded = !atHome && options.allowPrivate !== true && (await isPublic(registry));
      const proxy = proxyOf(request.url);
      if (proxy !== undefined) {
        // The proxy looks names up: of the address, what stands in the URL is all that can be judged here.
        if (guarded && isPrivateHost(request.url.hostname)) throw privateTarget(request.url.host);
        return { dispatcher: await proxyAgentFor(proxy, request.url, atHome), borrowed: false };
      }
      const chosen = { dispatcher: agentFor({ identified: atHome, guarded }), borrowed: readsThrough };
      if (atHome) {
        if (atHomes.size >= MAX_HOMES) atHomes.clear();
        atHomes.set(registry, chosen);
      }
      return chosen;
    },
    close: async () => {
      const closing = [...agents.values()];
      agents = new Map();
      atHomes.clear();
      publicOrigins.clear();
      await Promise.all(closing.map(closeAgent));
    },
  };
}

function privateTarget(host: string): TransportError {
  const message = `A public registry sends us to ${host}, a private address: refused; name it in \`allowPrivate\` where that is meant`;
  return new TransportError("POLICY_REFUSED", message, { neverSent: true });
}

async function closeAgent(agent: Agent | ProxyAgent): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const grace = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_GRACE_MILLISECONDS);
  });
  await Promise.race([agent.close(), grace]);
  clearTimeout(timer);
  await agent.destroy(new TransportError("NETWORK", "The transport was closed", { retryable: false }));
}

function hostMatcher(
  option: boolean | readonly string[] | undefined,
): (hostname: string, port: string) => boolean {
  if (option === undefined || typeof option === "boolean") return () => option === true;
  const hosts = new Set(option.map((host) => host.toLowerCase()));
  return (hostname, port) =>
    hosts.has(hostname.toLowerCase()) || hosts.has(`${hostname.toLowerCase()}:${port}`);
}
