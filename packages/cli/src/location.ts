import { UsageError } from "./usage-error.ts";

/** Where an image is or goes, as SOURCE and TARGET write it. */
export type Location =
  | { readonly kind: "remote"; readonly reference: string }
  | {
      readonly kind: "oci" | "oci-archive" | "docker-archive";
      readonly path: string;
      readonly name?: string;
    };

/**
 * Reads `oci:DIR[:TAG]`, `oci:DIR@DIGEST`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:TAG]`, or a reference. What
 * follows the last colon is a name where it cannot be part of a path's last folder: a path with a colon at its end can
 * be written with a slash after it.
 *
 * @throws UsageError where the path is missing
 */
export function parseLocation(text: string): Location {
  for (const kind of KINDS) {
    if (!text.startsWith(`${kind}:`)) continue;
    const rest = text.slice(kind.length + 1);
    const { path, name } = splitName(kind, rest);
    if (path === "")
      throw new UsageError(
        `"${text}" names no ${kind === "oci" ? "folder" : "file"}`,
        `write ${FORMS[kind]}`,
      );
    return name === undefined ? { kind, path } : { kind, path, name };
  }
  return { kind: "remote", reference: text.startsWith("docker://") ? text.slice("docker://".length) : text };
}

/** Those of several places that are in registries, as references. */
export function remoteReferences(texts: readonly string[]): readonly string[] {
  return texts.map(parseLocation).flatMap((each) => (each.kind === "remote" ? [each.reference] : []));
}

const KINDS = ["oci", "oci-archive", "docker-archive"] as const;

const FORMS = {
  oci: "oci:DIR[:TAG]",
  "oci-archive": "oci-archive:FILE[:TAG]",
  "docker-archive": "docker-archive:FILE[:NAME:TAG]",
} as const;

function splitName(kind: (typeof KINDS)[number], rest: string): { path: string; name?: string } {
  const digest = /^(.*)@([a-z0-9+._-]+:[A-Za-z0-9=_-]+)$/.exec(rest);
  if (digest?.[1] !== undefined && digest[2] !== undefined) return { path: digest[1], name: digest[2] };
  // A docker archive knows images by whole names: FILE:busybox:1.36, FILE:ghcr.io/a/b:1.
  const colon = kind === "docker-archive" ? rest.indexOf(":") : rest.lastIndexOf(":");
  if (colon < 0) return { path: rest };
  const name = rest.slice(colon + 1);
  if (name === "") return { path: rest.slice(0, colon) };
  if (kind !== "docker-archive" && name.includes("/")) return { path: rest };
  return { path: rest.slice(0, colon), name };
}
