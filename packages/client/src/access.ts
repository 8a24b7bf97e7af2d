import type { Target } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import type { Ref } from "./options.ts";
import { type RepositoryAction, repositoryScope } from "./scopes.ts";
import type { Wire } from "./wire.ts";

/** A repository as one operation sees it: what it may ask a token for is the same in each of its requests. */
export interface Access {
  readonly wire: Wire;
  readonly target: Target;
  readonly scopes: readonly string[];
}

export function accessTo(wire: Wire, ref: Ref, actions: RepositoryAction): Access {
  const target = wire.target(ref);
  return { wire, target, scopes: [repositoryScope(target.repository, actions)] };
}

/** The same repository, for another kind of work. */
export function withActions(access: Access, actions: RepositoryAction): Access {
  return { ...access, scopes: [repositoryScope(access.target.repository, actions)] };
}

/** What a reference names: its digest, which governs, or else its tag, or else `latest`. */
export function referenceOf({ digest, tag }: Pick<Target, "digest" | "tag">): string {
  return digest ?? tag ?? "latest";
}

/** A reference as people write it, for messages. */
export function formatName(target: Target, reference: string): string {
  return `${target.name}${reference.includes(":") ? "@" : ":"}${reference}`;
}

/** The digest of a reference that must have one. */
export function digestIn(target: Target): NonNullable<Target["digest"]> {
  if (target.digest !== undefined) return target.digest;
  throw new RegistryError(
    "INVALID",
    `${target.name}: a digest is needed here, as in ${target.name}@sha256:….`,
    { registry: target.registry, repository: target.repository },
  );
}
