import { type Authenticator, type CredentialStore, createAuthenticator, withAuth } from "@reg/auth";
import {
  compose,
  type RedirectOptions,
  type RetryOptions,
  type Transport,
  type TransportObserver,
  withRedirects,
  withRetry,
  withTracing,
} from "@reg/transport";
import { createEngine, type EngineOptions } from "./engine.ts";

/** How requests are sent and signed in. Options of the engine stand beside those of the middleware. */
export interface TransportOptions extends EngineOptions {
  /** Sends requests in place of the engine, whose options do not count then. `close` of it is the caller's. */
  readonly transport?: Transport | undefined;
  /** Where credentials are kept. Default: where docker, podman and the environment have them. */
  readonly credentials?: CredentialStore | undefined;
  /** Signs requests in, in place of the standard authenticator; `false`: nobody does. */
  readonly authenticator?: Authenticator | false | undefined;
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

/** Wires engine and middleware in the order that gives token requests the same rules as any other. */
export function createTransport(options: TransportOptions = {}): RegistryTransport {
  const { transport, credentials, authenticator, retry, redirects, observe, ...engineOptions } = options;
  const engine = createEngine({ ...engineOptions, ...(observe === undefined ? {} : { observe }) });
  const unsigned = compose(transport ?? engine, withRetry(retry), withRedirects(redirects), withTracing());
  const signIn = authenticator ?? createAuthenticator({ credentials: credentials ?? defaultCredentials() });
  const signed = signIn === false ? unsigned : compose(unsigned, withAuth(signIn));
  return { transport: observed(signed, observe), unsigned: observed(unsigned, observe), close: () => engine.close() };
}

/** Requests carry the observer, so that middleware of every layer tells it. */
function observed(next: Transport, observe: TransportObserver | undefined): Transport {
  return observe === undefined ? next : (request) => next({ ...request, observe });
}

/** The stores of Node, loaded when first asked: where they cannot load there are none. */
function defaultCredentials(): CredentialStore {
  let store: Promise<CredentialStore | undefined> | undefined;
  return {
    get: async (key, options) => {
      store ??= import("@reg/auth/node").then(
        ({ defaultCredentialStore }) => defaultCredentialStore(),
        () => undefined,
      );
      return (await store)?.get(key, options);
    },
  };
}
