import { explainDomain, explainPath, explainTag } from "./explain.ts";
import { MAX_PATH_CHARACTERS, readsAsDomain, scanDomain, scanPath, scanTag } from "./scan.ts";

/** Docker Hub's name in references; its API answers at another (see `registryHost`). */
export const DOCKER_HUB = "docker.io";

/** The one other name that is Docker Hub's; no other is folded. */
export const LEGACY_DOCKER_HUB = "index.docker.io";

/** Where Docker Hub keeps the images that are written as one word, with the slash after it. */
export const OFFICIAL_NAMESPACE = "library/";

/** A registry's name that stands alone: it must be one that a reference would be read to begin with. */
export function parseDomain(input: string): string {
  if (scanDomain(input) !== input.length || !readsAsDomain(input, input.length)) {
    throw explainDomain(input, input.length);
  }
  return foldDomain(input);
}

/** The domain as references have it: Docker Hub has one name in them. */
export function foldDomain(domain: string): string {
  return domain === LEGACY_DOCKER_HUB ? DOCKER_HUB : domain;
}

/** A repository's path that stands alone, as it is in that registry. */
export function parsePath(domain: string, input: string): string {
  const path = domain === DOCKER_HUB && !input.includes("/") ? OFFICIAL_NAMESPACE + input : input;
  if (scanPath(input, 0) !== input.length || path.length > MAX_PATH_CHARACTERS) {
    throw explainPath(input, 0, input.length, path.length - input.length);
  }
  return path;
}

/** A tag that stands alone. */
export function parseTag(input: string): string {
  if (scanTag(input, 0) !== input.length) throw explainTag(input, 0, input.length);
  return input;
}
