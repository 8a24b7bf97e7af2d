import { ContentError } from "@reg/content";
import { assertTag } from "./layout-refs.ts";

/** A name with a tag, as `RepoTags` of a docker archive has them. */
export interface DockerName {
  readonly repository: string;
  readonly tag: string;
}

/**
 * Splits `repository:tag`. Code `INVALID` where one of them is missing; a mere tag belongs to `repository` where that
 * is given.
 */
export function parseDockerName(ref: string, repository?: string): DockerName {
  assertTag(ref);
  const colon = ref.lastIndexOf(":");
  // A colon before the last slash belongs to a port.
  const split = colon > ref.lastIndexOf("/") ? colon : -1;
  if (split > 0 && split < ref.length - 1 && !ref.includes("@")) {
    return { repository: ref.slice(0, split), tag: ref.slice(split + 1) };
  }
  if (repository !== undefined && split < 0 && !ref.includes("/") && !ref.includes("@")) {
    return { repository, tag: ref };
  }
  throw new ContentError(
    "INVALID",
    `A docker archive names images repository:tag, as in alpine:3.20; ${JSON.stringify(ref.slice(0, 80))} lacks a part (option: repository).`,
  );
}

/** The full name, as containerd writes it: `docker.io/library/alpine:3.20` for `alpine:3.20`. */
export function fullDockerName({ repository, tag }: DockerName): string {
  const slash = repository.indexOf("/");
  const first = slash < 0 ? "" : repository.slice(0, slash);
  const isHost =
    first.includes(".") || first.includes(":") || first === "localhost" || first !== first.toLowerCase();
  if (!isHost) return `docker.io/${slash < 0 ? "library/" : ""}${repository}:${tag}`;
  const isHub = first === "docker.io" || first === "index.docker.io";
  const path = repository.slice(slash + 1);
  return isHub ? `docker.io/${path.includes("/") ? "" : "library/"}${path}:${tag}` : `${repository}:${tag}`;
}

/** The short name, as `docker save` and `docker images` write it: `alpine:3.20`. */
export function shortDockerName(name: DockerName): string {
  const full = fullDockerName(name);
  for (const prefix of ["docker.io/library/", "docker.io/"]) {
    if (full.startsWith(prefix)) return full.slice(prefix.length);
  }
  return full;
}
