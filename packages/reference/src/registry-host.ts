import { DOCKER_HUB } from "./parts.ts";

/**
 * The host (and port) that a registry's API answers at: `registry-1.docker.io` for Docker Hub, else the domain as
 * it is written.
 *
 * @example
 * ```ts
 * registryHost(parseReference("ubuntu")); // "registry-1.docker.io"
 * ```
 */
export function registryHost(reference: { readonly domain: string }): string {
  return reference.domain === DOCKER_HUB ? "registry-1.docker.io" : reference.domain;
}

/**
 * The key under which Docker keeps a registry's credential: `https://index.docker.io/v1/` for Docker Hub, else the
 * domain as it is written.
 *
 * @example
 * ```ts
 * credentialKey(parseReference("ghcr.io/owner/app")); // "ghcr.io"
 * ```
 */
export function credentialKey(reference: { readonly domain: string }): string {
  return reference.domain === DOCKER_HUB ? "https://index.docker.io/v1/" : reference.domain;
}
