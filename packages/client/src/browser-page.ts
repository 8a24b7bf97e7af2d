import { RegistryError } from "./errors.ts";
import { transportCode } from "./transience.ts";

/**
 * The origin of the page this runs in, where that is not the URL's own; `undefined` elsewhere. A browser keeps from such
 * a page every header of an answer that the registry does not expose to it (Fetch, "CORS protocol").
 */
export function foreignPage(url: URL): string | undefined {
  // `location` is declared for pages and workers; in Node there is none.
  const { location } = globalThis as { readonly location?: { readonly origin?: string } };
  return location?.origin === url.origin ? undefined : location?.origin;
}

/**
 * A browser gives a page one and the same error for a host that is down and for one that does not let the page read its
 * answers. Where this is such a page, the error names both; `undefined` elsewhere.
 */
export function explainInPage(error: unknown, url: URL): RegistryError | undefined {
  const page = foreignPage(url);
  if (page === undefined || transportCode(error) !== "NETWORK") return undefined;
  return new RegistryError(
    "UNAVAILABLE",
    `${url.host} could not be reached, or does not let pages of ${page} read its answers: a registry for browsers ` +
      "sends Access-Control-Allow-Origin, and Access-Control-Expose-Headers for Link, Location and " +
      "Docker-Content-Digest (CORS).",
    { cause: error, retryable: true },
  );
}
