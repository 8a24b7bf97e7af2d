import {
  type Authenticator,
  type AuthenticatorOptions,
  type CredentialStore,
  createAuthenticator,
  withAuth,
} from "@reg/auth";
import {
  compose,
  type Middleware,
  type MirrorOptions,
  type RedirectOptions,
  type RetryOptions,
  type ThrottleOptions,
  type Transport,
  type TransportObserver,
  withMirrors,
  withRedirects,
  withRetry,
  withThrottle,
  withTracing,
} from "@reg/transport";
import { createEngine, type EngineOptions } from "./engine.ts";

/** How requests are sent and signed in. Options of the engine stand beside those of the middleware. */
export interface TransportOptions extends EngineOptions, Omit<AuthenticatorOptions, "credentials" | "clock"> {
  /** Sends requests in place of the engine, whose options do not count then. `close` of it is the caller's. */
  readonly transport?: Transport | undefined;
  /** Where credentials are kept. Default: where docker, podman and the environment have them. */
  readonly credentials?: CredentialStore | undefined;
  /** `credential-helpers` of registries.conf, for the credentials above where they are the default. */
  readonly credentialHelpers?: readonly string[] | undefined;
  /** Signs requests in, in place of the standard authenticator; `false`: nobody does. */
  readonly authenticator?: Authenticator | false | undefined;
  /** Mirrors by registry; none by default. */
  readonly mirrors?: MirrorOptions["mirrors"] | undefined;
  readonly throttle?: ThrottleOptions | undefined;
  readonly retry?: RetryOptions | undefined;
  readonly redirects?: RedirectOptions | undefined;
  /** Hears every event of every request. */
  readonly observe?: TransportObserver;
}

/** A transport with everything around it. */
export interface RegistryTransport {
  readonly transport: Transport;
  /** The same without signing in, for what explains how that goes. */
  readonly unsigned: Transport;
  /** Ends connections; the next request opens new ones. */
  close(): Promise<void>;
}

/**
 * Wires engine and middleware. Signing in stands outside of throttle, retry and redirects, so that token requests get
 * the same rules as the others, and inside of mirrors, so that each mirror is signed in to by itself.
 */
export function createTransport(options: TransportOptions = {}): RegistryTransport {
  const { transport, credentials, credentialHelpers, authenticator, mirrors, ...rest } = options;
  const { throttle, retry, redirects, observe, ...more } = rest;
  const { realms, sendSecretsOverPlainHttp, tokenCache, clientId, onRefreshToken, ...engineOptions } = more;
  const engine = createEngine({ ...engineOptions, ...(observe === undefined ? {} : { observe }) });
  const signIn =
    authenticator ??
    createAuthenticator({
      credentials: credentials ?? defaultCredentials(credentialHelpers),
      realms,
      sendSecretsOverPlainHttp,
      tokenCache,
      clientId,
      onRefreshToken,
    });
  const below: readonly Middleware[] = [
    withThrottle(throttle),
    withRetry(retry),
    withRedirects(redirects),
    withTracing(),
  ];
  const signed: readonly Middleware[] = signIn === false ? below : [withAuth(signIn), ...below];
  const outer: readonly Middleware[] = mirrors === undefined ? [] : [withMirrors({ mirrors })];
  return {
    transport: observed(compose(transport ?? engine, ...outer, ...signed), observe),
    unsigned: observed(compose(transport ?? engine, ...below), observe),
    close: () => engine.close(),
  };
}

/** Requests carry the observer, so that middleware of every layer tells it. */
function observed(next: Transport, observe: TransportObserver | undefined): Transport {
  return observe === undefined ? next : (request) => next({ ...request, observe });
}

/** The stores of Node, loaded when first asked: where they cannot load there are none. */
function defaultCredentials(credentialHelpers: readonly string[] | undefined): CredentialStore {
  let store: Promise<CredentialStore | undefined> | undefined;
  return {
    get: async (key, options) => {
      store ??= import("@reg/auth/node").then(
        ({ defaultCredentialStore }) => defaultCredentialStore({ credentialHelpers }),
        () => undefined,
      );
      return (await store)?.get(key, options);
    },
  };
}
