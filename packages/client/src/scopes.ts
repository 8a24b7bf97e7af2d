/** What a token is asked for: as little as the operation needs, the most demanding first (Docker token protocol). */
export type RepositoryAction = "pull" | "pull,push" | "delete";

/** `repository:library/ubuntu:pull` */
export function repositoryScope(repository: string, actions: RepositoryAction): string {
  return `repository:${repository}:${actions}`;
}

/** For the list of all repositories. */
export const CATALOG_SCOPE = "registry:catalog:*";
