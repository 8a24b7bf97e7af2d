import type {
  Middleware,
  ResponseBody,
  Transport,
  TransportRequest,
  TransportResponse,
} from "@reg/transport";
import type { Authenticator } from "./authenticator.ts";
import { parseChallenges } from "./challenge.ts";
import { AuthError } from "./errors.ts";

/** More rounds would only repeat the answer: a first token that came too old or too narrow, and its replacement. */
const ROUNDS_MAX = 2;
/** What is kept of a 401's body while somebody signs in; the rest would be prose. */
const ERROR_BODY_LIMIT_BYTES = 65_536;

/**
 * Asks the authenticator for the `Authorization` of each request, and again when the registry answers 401, at most
 * two rounds. The header goes to the registry's own origin (`request.context.origin`) alone; a 401 from anywhere else,
 * such as the target of a redirect, is an answer like any other. A 401 that stands is returned with its body.
 *
 * @example
 * ```ts
 * import { createAuthenticator, withAuth } from "@reg/auth";
 * import { compose, fetchTransport } from "@reg/transport";
 * const transport = compose(fetchTransport(), withAuth(createAuthenticator()));
 * ```
 */
export function withAuth(authenticator: Authenticator): Middleware {
  return (next) => (request) => {
    const context = request.context;
    if (context === undefined) return next(request);
    if (request.url.origin !== context.origin) return next(withHeader(request, undefined));
    // Whoever sets the header has signed in already.
    if (request.headers["authorization"] !== undefined || context.signIn === "none") return next(request);
    return authenticated(authenticator, next, request, context);
  };
}

async function authenticated(
  authenticator: Authenticator,
  next: Transport,
  request: TransportRequest,
  context: NonNullable<TransportRequest["context"]>,
): Promise<TransportResponse> {
  const ask = {
    registry: context.registry,
    url: request.url,
    scopes: context.scopes,
    signIn: context.signIn === "basic" ? ("basic" as const) : undefined,
    signal: request.signal,
    transport: onBehalf(next, request),
  };
  let header = await authenticator.authenticate({ ...ask, challenges: [], attempt: 0 });
  let rounds = header === undefined ? 0 : 1;
  for (let attempt = 1; ; attempt += 1) {
    const response = await next(header === undefined ? request : withHeader(request, header));
    if (response.status !== 401 || response.url.origin !== context.origin || rounds >= ROUNDS_MAX)
      return response;
    // Read before anybody is asked: a token server on the same host may need this connection.
    const refused = await detach(response);
    const challenges = parseChallenges(response.headers.all("www-authenticate"));
    const again = await authenticator.authenticate({ ...ask, challenges, attempt, rejected: header });
    if (again === undefined) return refused;
    header = again;
    rounds += 1;
  }
}

/** What an authenticator sends is seen by whoever watches the request it is for, and comes from the same program. */
function onBehalf(next: Transport, request: TransportRequest): Transport {
  const agent = request.headers["user-agent"];
  return (own) =>
    next({
      ...own,
      headers: agent === undefined ? own.headers : { "user-agent": agent, ...own.headers },
      observe: own.observe ?? request.observe,
    });
}

function withHeader(request: TransportRequest, authorization: string | undefined): TransportRequest {
  if (authorization !== undefined) return { ...request, headers: { ...request.headers, authorization } };
  if (request.headers["authorization"] === undefined) return request;
  const { authorization: _, ...headers } = request.headers;
  return { ...request, headers };
}

/** The same response, its body in memory, so that no connection waits for a reader. */
async function detach(response: TransportResponse): Promise<TransportResponse> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body) {
      // A copy: the engine may read the next bytes into the same buffer.
      const kept = new Uint8Array(chunk.subarray(0, ERROR_BODY_LIMIT_BYTES - size));
      chunks.push(kept);
      size += kept.length;
      if (size >= ERROR_BODY_LIMIT_BYTES) break;
    }
  } catch {
    // The status says it all; a body cut short takes nothing away from it.
  }
  return {
    status: response.status,
    headers: response.headers,
    url: response.url,
    body: new DetachedBody(chunks),
  };
}

class DetachedBody implements ResponseBody {
  #chunks: readonly Uint8Array[];

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    const chunks = this.#chunks;
    this.#chunks = [];
    yield* chunks;
  }

  async bytes(limit: number): Promise<Uint8Array> {
    const chunks = this.#chunks;
    this.#chunks = [];
    const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    if (all.length > limit) throw new AuthError("SIZE_EXCEEDED", `the answer is larger than ${limit} bytes`);
    let at = 0;
    for (const chunk of chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  async json(limit: number): Promise<unknown> {
    const bytes = await this.bytes(limit);
    try {
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new AuthError("PROTOCOL", "the answer is not JSON");
    }
  }

  discard(): Promise<void> {
    this.#chunks = [];
    return Promise.resolve();
  }
}
