import { RegistryError } from "./errors.ts";
import { transportCode } from "./transience.ts";

/**
 * A browser gives a page one and the same error for a host that is down and for one that does not let the page read its
 * answers. Where this is such a page, the error names both; `undefined` elsewhere.
 */
export function explainInPage(error: unknown, url: URL): RegistryError | undefined {
  // `location` is declared for pages and workers; in Node there is none.
  const { location } = globalThis as { readonly location?: { readonly origin?: string } };
  const page = location?.origin;
  if (page === undefined || page === url.origin || transportCode(error) !== "NETWORK") return undefined;
  return new RegistryError(
    "UNAVAILABLE",
    `${url.host} could not be reached, or does not let pages of ${page} read its answers: a registry for browsers ` +
      "sends Access-Control-Allow-Origin, and Access-Control-Expose-Headers for Link, Location and " +
      "Docker-Content-Digest (CORS).",
    { cause: error, retryable: true },
  );
}
