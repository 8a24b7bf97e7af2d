import { digestAlgorithm } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { Endpoint, Target } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";

/** `GET /v2/`: whether the API is there (distribution-spec, end-1). */
export function pingUrl(endpoint: Endpoint): URL {
  return new URL("/v2/", endpoint.origin);
}

/** A manifest by tag or digest (end-3, end-7, end-9). */
export function manifestUrl(target: Target, reference: string): URL {
  return at(target, `manifests/${reference}`);
}

/** A blob (end-2, end-10). Refuses a digest that is malformed or cannot be verified before anything is requested. */
export function blobUrl(target: Target, digest: Digest): URL {
  digestAlgorithm(digest);
  return at(target, `blobs/${digest}`);
}

/** Where uploads begin (end-4a, end-4b, end-11). The slash at the end is part of it. */
export function uploadsUrl(target: Target, query: Readonly<Record<string, string>> = {}): URL {
  const url = at(target, "blobs/uploads/");
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  return url;
}

/** Tags (end-8a). */
export function tagsUrl(target: Target): URL {
  return at(target, "tags/list");
}

/** Referrers (end-12a). */
export function referrersUrl(target: Target, digest: Digest): URL {
  digestAlgorithm(digest);
  return at(target, `referrers/${digest}`);
}

/** Docker's list of repositories. */
export function catalogUrl(endpoint: Endpoint): URL {
  return new URL("/v2/_catalog", endpoint.origin);
}

/**
 * Where an upload goes on. The registry's query string is kept byte for byte: it may carry a signed state.
 *
 * @param value - The `Location` field; `undefined` keeps `base`.
 * @param base - The URL the answer came from, after redirects.
 * @throws RegistryError `POLICY_REFUSED` for a step from https to http, or to another scheme; `PROTOCOL` for no URL.
 */
export function resolveLocation(value: string, base: URL): URL {
  const url = parse(value, base);
  if (url === undefined) throw new RegistryError("PROTOCOL", "The registry's Location is not a URL.");
  url.hash = "";
  if (base.protocol === "https:" && url.protocol === "http:") {
    throw new RegistryError(
      "POLICY_REFUSED",
      `${base.host} sends an upload from https to http://${url.host}. A registry behind a proxy does so when the ` +
        "proxy does not pass X-Forwarded-Proto on: set it there, or relative URLs in the registry's configuration.",
    );
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new RegistryError("POLICY_REFUSED", `${base.host} sends an upload to a ${url.protocol} URL.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new RegistryError("POLICY_REFUSED", `${base.host} sends an upload to a URL with a password in it.`);
  }
  return url;
}

/** Adds a parameter to a `Location` without touching the query it came with. */
export function withParameter(location: URL, name: string, value: string): URL {
  const url = new URL(location.href);
  const parameter = `${name}=${encodeURIComponent(value)}`;
  url.search = url.search === "" ? `?${parameter}` : `${url.search}&${parameter}`;
  return url;
}

/**
 * The next page. Only the query of the link is taken: registries are known to get their own path, scheme or host name
 * for others wrong, and a listing never moves elsewhere.
 *
 * @throws RegistryError `POLICY_REFUSED` where the link names another host.
 */
export function resolveNextPage(link: string, request: URL): URL {
  const url = parse(link, request);
  if (url === undefined) throw new RegistryError("PROTOCOL", "The registry's Link is not a URL.");
  if (url.hostname !== request.hostname || !samePort(url, request)) {
    throw new RegistryError(
      "POLICY_REFUSED",
      `${request.host} links the next page to another host, ${url.host || url.protocol}; it is not followed.`,
    );
  }
  const next = new URL(request.href);
  next.search = url.search;
  return next;
}

function at(target: Target, rest: string): URL {
  // A repository's path holds nothing that has to be escaped (distribution-spec, "Pulling manifests", <name>).
  return new URL(`${target.origin}/v2/${target.repository}/${rest}`);
}

function parse(value: string, base: URL): URL | undefined {
  return URL.canParse(value, base.href) ? new URL(value, base.href) : undefined;
}

/** The same port, or each the one that goes without saying. */
function samePort(a: URL, b: URL): boolean {
  if (a.protocol !== "http:" && a.protocol !== "https:") return false;
  return a.port === b.port;
}
