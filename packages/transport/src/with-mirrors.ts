import { type ApiPath, parseApiPath } from "./api-path.ts";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { countingFile } from "./counting-file.ts";
import { emitEvent, factsOf, isObserved, withId } from "./emit-event.ts";
import { isTransportError, TransportError } from "./errors.ts";
import { portableHeaders } from "./portable-headers.ts";
import { probeScheme, usesPlainHttp } from "./probe-scheme.ts";
import { type Endpoint, type MirrorOption, type Planner, planMirrors } from "./registry-plan.ts";
import { responseBody } from "./response-body.ts";
import type {
  ByteSink,
  Middleware,
  RequestContext,
  Transport,
  TransportRequest,
  TransportResponse,
} from "./transport.ts";

/** Options of {@link withMirrors}. */
export interface MirrorOptions {
  /** Mirrors by registry, or a planner such as the readers of configuration files give. */
  readonly mirrors: Readonly<Record<string, readonly MirrorOption[]>> | Planner;
  /** How long a mirror may take to answer before the next is asked; 5 s. */
  readonly attemptTimeoutMs?: number;
  /** For tests: a clock in milliseconds that never goes back. */
  readonly now?: () => number;
}

const ATTEMPT_TIMEOUT_MILLISECONDS = 5_000;
/** Statuses that speak of the mirror itself, not of what was asked for. */
const BROKEN: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

type Need = "resolve" | "pull" | "push";

/**
 * Asks a registry's mirrors before the registry: each once, for so long, and after a failure not again for a while. A
 * mirror's credentials are its own: the registry's never go there, nor custom headers. The registry's answer stands,
 * whatever it is.
 *
 * A mirror whose body breaks off is left alone from then on, so that whoever resumes gets the rest from the next.
 *
 * @example
 * ```ts
 * const transport = compose(fetchTransport(), withMirrors({ mirrors: { "docker.io": ["https://mirror.example"] } }), withRetry());
 * ```
 */
export function withMirrors(options: MirrorOptions): Middleware {
  const planner = typeof options.mirrors === "function" ? options.mirrors : planMirrors(options.mirrors);
  const timeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MILLISECONDS;
  const breaker = new CircuitBreaker(options.now ?? (() => performance.now()));
  const schemes = new Map<string, Promise<string>>();

  return (next) => {
    const schemeOf = (endpoint: Endpoint): Promise<string> => {
      if (endpoint.origin.includes("://")) return Promise.resolve(endpoint.origin);
      if (endpoint.insecure !== true) {
        return Promise.resolve(`${usesPlainHttp(endpoint.origin) ? "http" : "https"}://${endpoint.origin}`);
      }
      let origin = schemes.get(endpoint.origin);
      if (origin === undefined) {
        origin = probeScheme(next, endpoint.origin).then((scheme) => `${scheme}://${endpoint.origin}`);
        schemes.set(endpoint.origin, origin);
        origin.catch(() => schemes.delete(endpoint.origin));
      }
      return origin;
    };

    return async (original) => {
      const { context } = original;
      if (context === undefined) return next(original);
      const path = original.url.origin === context.origin ? parseApiPath(original.url.pathname) : undefined;
      if (path === undefined) return next(await atSession(original, context, planner));
      const plan = await planner(context.registry, path.repository);
      if (plan === undefined) return next(original);
      if (plan.blocked !== undefined) {
        throw new TransportError(
          "POLICY_REFUSED",
          `${context.registry}/${path.repository} is blocked: ${plan.blocked}`,
        );
      }
      const need = needOf(original, path);
      const request = withId(original);
      for (const endpoint of plan.endpoints) {
        if (endpoint.upstream === true && need !== "push") {
          return next(await rerouted(request, context, path, endpoint, schemeOf));
        }
        if (!endpoint[need] || breaker.isOpen(endpoint.origin)) continue;
        if (need === "push") return next(await rerouted(request, context, path, endpoint, schemeOf));
        const asked = await ask(
          next,
          request,
          () => rerouted(request, context, path, endpoint, schemeOf),
          timeoutMs,
        );
        if ("response" in asked) {
          breaker.succeeded(endpoint.origin);
          return watched(asked.response, () => breaker.failed(endpoint.origin));
        }
        if (asked.broken) breaker.failed(endpoint.origin);
        if (asked.final !== undefined) throw asked.final;
        if (isObserved("mirror", request.observe)) {
          emitEvent(
            { type: "mirror", reason: `${endpoint.origin}: ${asked.reason}`, ...factsOf(request) },
            request.observe,
          );
        }
      }
      return next(original);
    };
  };
}

type Asked =
  | { readonly response: TransportResponse }
  | { readonly broken: boolean; readonly reason: string; readonly final?: unknown };

/** One attempt at a mirror, which may take so long to begin its answer. */
async function ask(
  next: Transport,
  original: TransportRequest,
  reroute: () => Promise<TransportRequest>,
  timeoutMs: number,
): Promise<Asked> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const begun = (): void => clearTimeout(timer);
  const signal =
    original.signal === undefined ? deadline.signal : AbortSignal.any([original.signal, deadline.signal]);
  let taken = 0;
  const sink =
    original.sink === undefined ? undefined : noticing(original.sink, begun, (size) => (taken += size));
  try {
    const response = await next({ ...(await reroute()), signal, sink, attempts: 1 });
    if (response.status < 400) return { response };
    await response.body.discard();
    return { broken: BROKEN.has(response.status), reason: `status ${response.status}` };
  } catch (error) {
    if (original.signal?.aborted === true) throw original.signal.reason;
    if (!deadline.signal.aborted && !isTransportError(error)) throw error;
    const reason = deadline.signal.aborted ? `no answer within ${timeoutMs / 1_000} s` : messageOf(error);
    // The sink has bytes already: only whoever owns it can go on, and will find this mirror left out.
    return { broken: true, reason, ...(taken > 0 ? { final: error } : {}) };
  } finally {
    begun();
  }
}

function noticing(sink: ByteSink, begun: () => void, count: (size: number) => void): ByteSink {
  return {
    accept: (head) => {
      begun();
      sink.accept?.(head);
    },
    write: (chunk) => {
      count(chunk.byteLength);
      return sink.write(chunk);
    },
    file: sink.file && countingFile(sink.file, count),
  };
}

/** The response, whose body reports when it breaks. */
function watched(response: TransportResponse, broken: () => void): TransportResponse {
  const inner = response.body[Symbol.asyncIterator]();
  const iterator: AsyncIterator<Uint8Array, unknown> = {
    next: async () => {
      try {
        return await inner.next();
      } catch (error) {
        if (isTransportError(error)) broken();
        throw error;
      }
    },
    return: async () => {
      await inner.return?.();
      return { done: true, value: undefined };
    },
  };
  return { ...response, body: responseBody(iterator) };
}

function needOf(request: TransportRequest, path: ApiPath): Need {
  const method = request.method.toUpperCase();
  if (method !== "GET" && method !== "HEAD") return "push";
  // A session lives where it was opened.
  if (path.resource === "blobs" && path.rest.startsWith("uploads/")) return "push";
  return path.resource === "blobs" || (path.resource === "manifests" && path.rest.includes(":"))
    ? "pull"
    : "resolve";
}

async function rerouted(
  request: TransportRequest,
  context: RequestContext,
  path: ApiPath,
  endpoint: Endpoint,
  originOf: (endpoint: Endpoint) => Promise<string>,
): Promise<TransportRequest> {
  const origin = await originOf(endpoint);
  const repository = endpoint.repository ?? path.repository;
  const prefix = endpoint.prefix ?? "/v2";
  const url = new URL(`${prefix}/${repository}/${path.resource}/${path.rest}${request.url.search}`, origin);
  if (endpoint.ns !== undefined) url.searchParams.set("ns", endpoint.ns);
  const name = `${prefix.slice("/v2/".length)}${prefix.length > "/v2".length ? "/" : ""}${repository}`;
  const scopes = context.scopes.map((scope) =>
    scope.startsWith(`repository:${path.repository}:`)
      ? `repository:${name}${scope.slice(`repository:${path.repository}`.length)}`
      : scope,
  );
  if (origin === context.origin) {
    return {
      ...request,
      url,
      headers: { ...request.headers, ...endpoint.headers },
      context: { ...context, scopes },
    };
  }
  const headers = { ...portableHeaders(request.headers), ...endpoint.headers };
  return { ...request, url, headers, context: { registry: url.host, origin, scopes } };
}

/** An upload that was opened at a push mirror goes on there, with that mirror's credentials. */
async function atSession(
  request: TransportRequest,
  context: RequestContext,
  planner: Planner,
): Promise<TransportRequest> {
  if (request.url.origin === context.origin || !request.url.pathname.includes("/blobs/uploads/"))
    return request;
  const repository = context.scopes[0]?.split(":")[1] ?? "";
  const plan = await planner(context.registry, repository);
  const endpoint = plan?.endpoints.find((one) => one.push && one.origin === request.url.origin);
  if (endpoint === undefined) return request;
  const { host, origin } = request.url;
  return { ...request, context: { ...context, registry: host, origin } };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "it failed";
}
