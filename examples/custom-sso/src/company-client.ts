import { RegistryClient } from "@reg/client";
import { compose, fetchTransport, withRedirects, withRetry } from "@reg/transport";
import { signedBy } from "./signed-by.ts";
import { type SsoSettings, ssoAuthenticator } from "./sso-authenticator.ts";

/** A client that signs in with the company's sign-on: `@reg/auth` is not there at all. */
export function createCompanyClient(settings: SsoSettings): RegistryClient {
  const transport = compose(
    fetchTransport(),
    signedBy(ssoAuthenticator(settings)),
    withRetry(),
    withRedirects(),
  );
  return new RegistryClient({ transport });
}
