import type { RequestBody, TransportResponse } from "@reg/transport";
import { RegistryError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { CATALOG_SCOPE, repositoryScope } from "./scopes.ts";
import type { Wire } from "./wire.ts";

export interface RequestOptions extends CallOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Default: what the path and method call for. */
  readonly scopes?: readonly string[] | undefined;
}

/** A request to any path of a registry's origin. A path that leads elsewhere is refused. */
export async function sendRequest(
  wire: Wire,
  registry: string,
  method: string,
  path: string,
  options: RequestOptions,
): Promise<TransportResponse> {
  const target = wire.endpoint(registry);
  const absolute = path.startsWith("/") ? path : `/v2/${path}`;
  const url = URL.canParse(absolute, target.origin) ? new URL(absolute, target.origin) : undefined;
  if (url === undefined || url.origin !== target.origin) {
    throw new RegistryError("INVALID", `A path at ${target.origin} is needed, as in /v2/_catalog.`);
  }
  return wire.send({
    what: `${url.pathname} of ${target.registry}`,
    target,
    method: method.toUpperCase(),
    url,
    scopes: options.scopes ?? guessScopes(url.pathname, method.toUpperCase()),
    headers: options.headers,
    body: options.body,
    signal: options.signal,
  });
}

/** The scopes the operations of the specification take; none for any other path. */
export function guessScopes(pathname: string, method: string): readonly string[] {
  if (pathname === "/v2/_catalog") return [CATALOG_SCOPE];
  if (!pathname.startsWith("/v2/")) return [];
  const path = pathname.slice("/v2/".length);
  for (const resource of ["/manifests/", "/blobs/", "/tags/", "/referrers/"]) {
    const end = path.lastIndexOf(resource);
    if (end <= 0) continue;
    const reading = method === "GET" || method === "HEAD";
    return [
      repositoryScope(path.slice(0, end), reading ? "pull" : method === "DELETE" ? "delete" : "pull,push"),
    ];
  }
  return [];
}
