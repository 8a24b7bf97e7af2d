import type { ContentTarget } from "@reg/content";

/** A repository of a registry as a place to copy from and to. */
export interface Repository extends ContentTarget {
  /** As references know it: `docker.io`. */
  readonly registry: string;
  /** The path: `library/ubuntu`. */
  readonly repository: string;
  /** `docker.io/library/ubuntu` */
  readonly name: string;
}
