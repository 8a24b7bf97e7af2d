import { isContentError } from "@reg/content";
import { type AccessControl, OPEN_ACCESS, type Verdict } from "./access.ts";
import { type CorsOptions, guardBrowsers } from "./browser-guard.ts";
import type { RegistryState } from "./context.ts";
import {
  jsonReply,
  type RegistryHandler,
  type RegistryReply,
  type RegistryRequest,
  withHeaders,
} from "./exchange.ts";
import { type Fault, withFaults } from "./faults.ts";
import { fetchHandler } from "./fetch-handler.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "./limits.ts";
import { ManifestCatalog } from "./manifest-catalog.ts";
import { needsOf, perform } from "./operations.ts";
import { pageReply } from "./page/page.ts";
import { type ProxyOptions, PullThrough } from "./pull-through.ts";
import { Refusal, refusalReply } from "./refusal.ts";
import { parseRoute, type Route } from "./route.ts";
import type { RegistryStorage, RepositoryStorage } from "./storage.ts";
import { UploadSessions } from "./upload-sessions.ts";

/** How many repositories' catalogs are remembered; one that is asked for again is read from the storage again. */
const MAX_CATALOGS = 10_000;

/** What a registry keeps its content in, and how it behaves. */
export interface RegistryOptions {
  /** Where content is kept: `memoryStorage()`, `folderStorage(dir)`, or one of your own. */
  readonly storage: RegistryStorage;
  /** Who may do what. Default: everybody everything. */
  readonly access?: AccessControl | undefined;
  /** Answers 405 to everything that would change something. Default false. */
  readonly readOnly?: boolean | undefined;
  /** Whether manifests, tags and blobs may be deleted; 405 where not. Default true. */
  readonly deletes?: boolean | undefined;
  /** Whether an image is taken before its blobs are here, as partial copies need it; 400 where not. Default false. */
  readonly sparse?: boolean | undefined;
  /** Passes on what it has not got itself from elsewhere, and keeps it. Such a registry is read-only. */
  readonly proxy?: ProxyOptions | undefined;
  /** What goes wrong on purpose. Default: nothing. */
  readonly faults?: readonly Fault[] | undefined;
  /** Which other sites' pages may use the registry from a browser. Default: none. */
  readonly cors?: CorsOptions | undefined;
  /** Sent as `Warning` with every answer, for people to read (distribution-spec, "Warnings"). */
  readonly warnings?: readonly string[] | undefined;
  /** Whether a browser gets a page at `/` that shows what is in the registry. Default true. */
  readonly page?: boolean | undefined;
  readonly limits?: Partial<RegistryLimits> | undefined;
  /**
   * Hears of every failure of the storage, of upstream or of this program: what was answered 500 or 502, and what broke
   * off half-way, when the answer was on its way already.
   */
  readonly onError?: ((error: unknown, request: RegistryRequest) => void) | undefined;
}

/** A registry that has no port yet: a function from request to answer. */
export interface Registry {
  /** Answers a WHATWG request: for tests, and for servers that speak `fetch`. */
  readonly fetch: (request: Request) => Promise<Response>;
  /** The same without web streams; what `serve` uses. */
  readonly handle: RegistryHandler;
  /** Ends open uploads and closes the storage. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Makes a registry that speaks the whole of distribution-spec 1.1.
 *
 * @example
 * ```ts
 * import { createRegistry, memoryStorage } from "@reg/server";
 * await using registry = createRegistry({ storage: memoryStorage() });
 * const response = await registry.fetch(new Request("http://localhost/v2/"));
 * console.log(response.status); // 200
 * ```
 */
export function createRegistry(options: RegistryOptions): Registry {
  const limits = limitsOf(options.limits);
  const uploads = new UploadSessions(options.storage, limits);
  const catalogOf = rememberCatalogs(options.storage);
  const pullThrough =
    options.proxy === undefined ? undefined : new PullThrough(options.proxy, options.storage, catalogOf);
  const state: RegistryState = {
    storage: options.storage,
    limits,
    uploads,
    pullThrough,
    readOnly: (options.readOnly ?? false) || pullThrough !== undefined,
    deletes: options.deletes ?? true,
    sparse: options.sparse ?? false,
    catalogOf,
  };
  const warnings = (options.warnings ?? []).map((text) => ["Warning", `299 - ${quoted(text)}`] as const);
  const access = options.access ?? OPEN_ACCESS;

  const serve: RegistryHandler = async (request) => {
    try {
      const guard = guardBrowsers(request, options.cors);
      if ("preflight" in guard) return guard.preflight;
      const reply = await answer(request, state, access, options.page ?? true).catch((error: unknown) =>
        failureReply(error, request, options),
      );
      return {
        ...withHeaders(reply, [...guard.headers, ...warnings]),
        body: watched(reply.body, request, options),
      };
    } catch (error) {
      return failureReply(error, request, options);
    }
  };
  const faulty = withFaults(options.faults ?? []);
  const handle: RegistryHandler = (request) => faulty(request, () => serve(request));
  const close = async (): Promise<void> => {
    await pullThrough?.close();
    await uploads.close();
    await options.storage.close();
  };
  return { handle, fetch: fetchHandler(handle), close, [Symbol.asyncDispose]: close };
}

async function answer(
  request: RegistryRequest,
  state: RegistryState,
  access: AccessControl,
  page: boolean,
): Promise<RegistryReply> {
  const own = (page ? pageReply(request) : undefined) ?? (await access.handle?.(request));
  if (own !== undefined) return own;
  const route = parseRoute(request.path);
  if (route === undefined) return notFound();
  const verdict = await access.judge(request, needsOf(route, request.method));
  const may = permissionOf(verdict, route);
  const reply = await perform({ request, state, may }, route);
  return withHeaders(reply, [["Docker-Distribution-API-Version", "registry/2.0"]]);
}

function permissionOf(verdict: Verdict, route: Route): Extract<Verdict, { kind: "allowed" }>["may"] {
  switch (verdict.kind) {
    case "allowed":
      return verdict.may;
    case "challenge":
      throw new Refusal(401, "UNAUTHORIZED", "this needs a sign-in", {
        headers: [
          ["Docker-Distribution-API-Version", "registry/2.0"],
          ...verdict.challenges.map((challenge) => ["WWW-Authenticate", challenge] as const),
        ],
      });
    case "denied":
      throw new Refusal(403, "DENIED", `not allowed for this ${route.kind}`);
  }
}

function failureReply(error: unknown, request: RegistryRequest, options: RegistryOptions): RegistryReply {
  if (error instanceof Refusal) {
    if (error.status >= 500) options.onError?.(error.cause ?? error, request);
    return refusalReply(error);
  }
  if (isContentError(error) && error.code === "SIZE_EXCEEDED") {
    return refusalReply(new Refusal(413, "SIZE_INVALID", error.message));
  }
  options.onError?.(error, request);
  if (isDiskFull(error)) return refusalReply(new Refusal(507, "UNAVAILABLE", "the registry's disk is full"));
  // What the system says may name folders of this machine: it goes to `onError`, not to the caller.
  return refusalReply(new Refusal(500, "UNKNOWN", "the registry failed"));
}

/** Asking again does not help (RFC 4918, section 11.5), as it may after a 500. */
function isDiskFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && FULL.has(error.code)) || isDiskFull(error.cause);
}

const FULL: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT"]);

function watched(
  body: RegistryReply["body"],
  request: RegistryRequest,
  { onError }: RegistryOptions,
): RegistryReply["body"] {
  if (body === undefined || body instanceof Uint8Array || onError === undefined) return body;
  return (async function* () {
    try {
      yield* body;
    } catch (error) {
      onError(error, request);
      throw error;
    }
  })();
}

function notFound(): RegistryReply {
  return jsonReply(404, { errors: [{ code: "UNSUPPORTED", message: "there is nothing at this path" }] });
}

/** One catalog for each repository, so that concurrent requests share what it has read. */
function rememberCatalogs(storage: RegistryStorage): (repository: RepositoryStorage) => ManifestCatalog {
  const catalogs = new Map<string, ManifestCatalog>();
  return (repository) => {
    const known = catalogs.get(repository.name);
    const catalog = known ?? new ManifestCatalog(storage, storage.repository(repository.name));
    catalogs.delete(repository.name);
    catalogs.set(repository.name, catalog); // the most recently used comes last
    const [oldest] = catalogs.keys();
    if (catalogs.size > MAX_CATALOGS && oldest !== undefined) catalogs.delete(oldest);
    return catalog;
  };
}

function limitsOf(given: Partial<RegistryLimits> = {}): RegistryLimits {
  const limits = { ...DEFAULT_LIMITS };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(`limits.${name} is not a whole number: ${value}`);
    Object.assign(limits, { [name]: value });
  }
  return { ...limits, manifestBytes: Math.min(limits.manifestBytes, DEFAULT_LIMITS.manifestBytes) };
}

/** A quoted-string (RFC 9110, section 5.6.4) of what may stand in a header field. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
