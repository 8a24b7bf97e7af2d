import { parseReference, type Reference, registryHost } from "@reg/reference";
import { RegistryError } from "./errors.ts";
import type { Ref } from "./options.ts";

/** A registry, and the origin its API is at. */
export interface Endpoint {
  /** As references and credential stores know it: `docker.io`. */
  readonly registry: string;
  /** `https://registry-1.docker.io` */
  readonly origin: string;
}

/** A repository of a registry, and what of it is meant. */
export interface Target extends Endpoint {
  /** `library/ubuntu` */
  readonly repository: string;
  /** `docker.io/library/ubuntu`, for messages. */
  readonly name: string;
  readonly tag?: string | undefined;
  readonly digest?: Reference["digest"] | undefined;
}

/** Where to speak plain http; see {@link ClientOptions.plainHttp}. */
export type PlainHttp = boolean | readonly string[] | undefined;

/**
 * The registry and repository a reference names; `known` spares the work of finding out where a registry is. Throws the
 * reference package's own error where it is none.
 */
export function targetOf(ref: Ref, plainHttp: PlainHttp, known?: Map<string, Endpoint>): Target {
  const reference = typeof ref === "string" ? parseReference(ref) : ref;
  const { domain, path, name, tag, digest } = reference;
  let endpoint = known?.get(domain);
  if (endpoint === undefined) {
    endpoint = endpointFor(reference, plainHttp);
    if (known !== undefined && known.size < MAX_KNOWN_ENDPOINTS) known.set(domain, endpoint);
  }
  return { registry: endpoint.registry, origin: endpoint.origin, repository: path, name, tag, digest };
}

/** The registry a host names: `docker.io`, `ghcr.io`, `localhost:5000`. */
export function endpointOf(registry: string, plainHttp: PlainHttp): Endpoint {
  const reference = parseReference(`${registry}/x`);
  if (reference.domain === "docker.io" && !registry.includes("docker.io")) {
    throw new RegistryError(
      "INVALID",
      `${JSON.stringify(registry)} is not a registry's name: it has a dot, a port, or is localhost, as in ghcr.io and localhost:5000.`,
    );
  }
  return endpointFor(reference, plainHttp);
}

/** Whether a host (with or without port) is this machine's own: `localhost`, `*.localhost`, 127.0.0.0/8, `[::1]`. */
export function isLoopback(host: string): boolean {
  const name = hostname(host);
  if (name === "localhost" || name.endsWith(".localhost") || name === "[::1]") return true;
  const parts = name.split(".");
  return parts.length === 4 && parts[0] === "127" && parts.every(isByte);
}

/** More than anybody talks to; beyond it each one is worked out when it is needed. */
const MAX_KNOWN_ENDPOINTS = 1000;

function endpointFor(reference: Reference, plainHttp: PlainHttp): Endpoint {
  const host = registryHost(reference);
  const scheme = speaksPlainHttp(reference.domain, host, plainHttp) ? "http" : "https";
  // The origin as a URL has it: in lower case, and without the port that goes without saying.
  return { registry: reference.domain, origin: new URL(`${scheme}://${host}`).origin };
}

function speaksPlainHttp(registry: string, host: string, plainHttp: PlainHttp): boolean {
  if (typeof plainHttp === "boolean") return plainHttp;
  if (isLoopback(host)) return true;
  return (
    plainHttp?.some((known) => known === registry || known === host || known === hostname(host)) ?? false
  );
}

function hostname(host: string): string {
  const end = host.lastIndexOf(":");
  const name = end > host.lastIndexOf("]") ? host.slice(0, end) : host;
  return name.toLowerCase();
}

function isByte(part: string): boolean {
  if (part.length === 0 || part.length > 3) return false;
  for (let i = 0; i < part.length; i += 1) {
    const c = part.charCodeAt(i);
    if (c < 48 || c > 57) return false;
  }
  return Number(part) <= 255;
}
