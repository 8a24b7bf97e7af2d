import { emptyReply, type RegistryReply, type RegistryRequest, type ReplyHeaders } from "./exchange.ts";
import { Refusal } from "./refusal.ts";

/** Which other sites' pages may use the registry. */
export interface CorsOptions {
  /** Origins such as `https://app.example`, or `"*"` for every site. */
  readonly origins: readonly string[] | "*";
}

/** A day: as long as browsers remember a preflight's answer anyway. */
const PREFLIGHT_MAX_AGE_SECONDS = 86_400;

/** What scripts may read beside the few fields that browsers always show. */
const EXPOSED_HEADERS = [
  "Content-Length",
  "Content-Range",
  "Docker-Content-Digest",
  "Docker-Upload-UUID",
  "ETag",
  "Link",
  "Location",
  "OCI-Filters-Applied",
  "OCI-Subject",
  "OCI-Tag",
  "Range",
  "Retry-After",
  "Warning",
  "WWW-Authenticate",
].join(", ");

/**
 * Keeps pages of other sites from changing anything through their visitor's browser, which reaches what the site does
 * not: a request that a script sends carries `Origin`, one without it that a form or an image makes says where it
 * comes from in `Sec-Fetch-Site`.
 *
 * @returns the answer to a preflight, or the header fields that go on the answer to this request.
 */
export function guardBrowsers(
  request: RegistryRequest,
  cors: CorsOptions | undefined,
): { readonly preflight: RegistryReply } | { readonly headers: ReplyHeaders } {
  const origin = request.header("origin");
  const shared = origin !== undefined && cors !== undefined && isAllowed(cors, origin);
  if (!shared) {
    const changing = request.method !== "GET" && request.method !== "HEAD";
    const foreign = origin !== undefined || request.header("sec-fetch-site") === "cross-site";
    if (changing && foreign) {
      throw new Refusal(403, "DENIED", "browsers' pages may not change this registry; see the option `cors`");
    }
    return { headers: cors === undefined ? [] : [["Vary", "Origin"]] };
  }
  const headers: ReplyHeaders = [
    ["Access-Control-Allow-Origin", origin],
    ["Vary", "Origin"],
    ["Access-Control-Expose-Headers", EXPOSED_HEADERS],
  ];
  if (request.method !== "OPTIONS") return { headers };
  return {
    preflight: emptyReply(204, [
      ...headers,
      ["Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, PUT, DELETE"],
      ["Access-Control-Allow-Headers", request.header("access-control-request-headers") ?? "Authorization"],
      ["Access-Control-Max-Age", String(PREFLIGHT_MAX_AGE_SECONDS)],
    ]),
  };
}

function isAllowed(cors: CorsOptions, origin: string): boolean {
  return cors.origins === "*" || cors.origins.includes(origin);
}
