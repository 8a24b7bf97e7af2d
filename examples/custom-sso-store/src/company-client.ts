import { createAuthenticator, withAuth } from "@reg/auth";
import { RegistryClient } from "@reg/client";
import { compose, fetchTransport, withRedirects, withRetry } from "@reg/transport";
import { type SsoSettings, ssoStore } from "./sso-store.ts";

/** A client whose credentials come from the company's sign-on, and all else from the standard authenticator. */
export function createCompanyClient(settings: SsoSettings): RegistryClient {
  const authenticator = createAuthenticator({ credentials: ssoStore(settings) });
  return new RegistryClient({
    transport: compose(fetchTransport(), withAuth(authenticator), withRetry(), withRedirects()),
  });
}
