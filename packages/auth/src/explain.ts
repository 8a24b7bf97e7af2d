import type { Transport } from "@reg/transport";
import type { CredentialType } from "./credential.ts";
import { credentialType } from "./credential.ts";
import { isAuthError } from "./errors.ts";
import type { AuthEvent } from "./events.ts";
import { SignIn, type SignInOptions } from "./sign-in.ts";
import { withAuth } from "./with-auth.ts";

/** A request to sign in for: usually a `HEAD` of a manifest, or a `GET` of `/v2/`. */
export interface ExplainRequest {
  readonly registry: string;
  /** Default `GET`. */
  readonly method?: "GET" | "HEAD";
  readonly url: URL;
  readonly scopes: readonly string[];
  /** Below `withAuth`: what a request to the registry goes through. */
  readonly transport: Transport;
  readonly signal?: AbortSignal | undefined;
}

/** How signing in went, step by step. */
export interface Explanation {
  readonly events: readonly AuthEvent[];
  /** What would be used, found or not asked for; never the secret. */
  readonly credential?: {
    readonly type: CredentialType;
    readonly username?: string;
    readonly source?: string;
  };
  /** Why a credential store could not answer, whether or not it mattered. */
  readonly failure?: string;
  /** The registry's last answer; absent where none came. */
  readonly status?: number;
  readonly allowed: boolean;
  /** One sentence for a person. */
  readonly reason: string;
}

/** Signs in with nothing cached, and writes down each step. */
export async function explain(
  options: Omit<SignInOptions, "trace" | "tokenCache">,
  request: ExplainRequest,
): Promise<Explanation> {
  const events: AuthEvent[] = [];
  const signIn = new SignIn({ ...options, tokenCache: undefined, trace: (event) => events.push(event) });
  const {
    credentials: [credential],
    failure,
  } = await signIn.lookup(request.registry, request.scopes, request.signal);
  const found = {
    ...(failure instanceof Error ? { failure: failure.message } : {}),
    ...(credential === undefined
      ? {}
      : {
          credential: {
            type: credentialType(credential),
            ...("username" in credential && credential.username !== undefined
              ? { username: credential.username }
              : {}),
            ...(credential.source === undefined ? {} : { source: credential.source }),
          },
        }),
  };
  const who =
    credential === undefined
      ? "anonymously"
      : `with the ${credentialType(credential)} from ${credential.source ?? "a credential store"}`;
  try {
    const response = await withAuth(signIn)(request.transport)({
      method: request.method ?? "GET",
      url: request.url,
      headers: {},
      signal: request.signal,
      context: { registry: request.registry, origin: request.url.origin, scopes: request.scopes },
    });
    await response.body.discard();
    events.push({ kind: "answer", status: response.status });
    return {
      events,
      ...found,
      status: response.status,
      allowed: response.status < 400,
      reason: reasonOf(response.status, request.registry, who, events, failure),
    };
  } catch (error) {
    request.signal?.throwIfAborted();
    const reason = error instanceof Error ? error.message : "the request failed";
    if (!isAuthError(error)) return { events, ...found, allowed: false, reason };
    if (!events.some((event) => event.kind === "refusal" && event.message === reason)) {
      events.push({ kind: "refusal", code: error.code, message: reason });
    }
    return {
      events,
      ...found,
      ...(error.status === undefined ? {} : { status: error.status }),
      allowed: false,
      reason,
    };
  }
}

function reasonOf(
  status: number,
  registry: string,
  who: string,
  events: readonly AuthEvent[],
  failure: unknown,
): string {
  const sent = last(events, "authorization");
  const asked = last(events, "token-request");
  if (status < 400) {
    return sent === undefined || sent.scheme === "none"
      ? `${registry} allowed it without asking who it was`
      : `${registry} allowed it ${who}`;
  }
  if (status === 401 && failure instanceof Error) return failure.message;
  if (status === 401 && asked !== undefined) {
    return `${registry} refused the token: it was asked for ${asked.scopes.join(" ") || "no scope"} ${who}, and grants less`;
  }
  if (status === 401) return `${registry} refused it ${who}: sign in, or check the name and password`;
  if (status === 403) return `${registry} knows who it is, and refused it ${who}`;
  if (status === 404) return `${registry} let it in ${who}, and has nothing by that name`;
  return `${registry} answered ${status} ${who}`;
}

function last<K extends AuthEvent["kind"]>(
  events: readonly AuthEvent[],
  kind: K,
): Extract<AuthEvent, { readonly kind: K }> | undefined {
  let found: Extract<AuthEvent, { readonly kind: K }> | undefined;
  for (const event of events) {
    if (isKind(event, kind)) found = event;
  }
  return found;
}

function isKind<K extends AuthEvent["kind"]>(
  event: AuthEvent,
  kind: K,
): event is Extract<AuthEvent, { readonly kind: K }> {
  return event.kind === kind;
}
