import type { Reference } from "./reference.ts";

const PARTS = ["domain", "path", "tag", "digest"] as const;

/**
 * Orders references by domain, path, tag and digest, by code unit; what has no tag comes first. For `toSorted`.
 *
 * @example
 * ```ts
 * ["b", "a:2", "a"].map((text) => parseReference(text)).sort(compareReferences);
 * ```
 */
export function compareReferences(a: Reference, b: Reference): number {
  for (const part of PARTS) {
    const one = a[part] ?? "";
    const other = b[part] ?? "";
    if (one !== other) return one < other ? -1 : 1;
  }
  return 0;
}

/** Whether both name the same, part by part; neither a default nor a digest's meaning is looked at. */
export function equalReferences(a: Reference, b: Reference): boolean {
  return compareReferences(a, b) === 0;
}
