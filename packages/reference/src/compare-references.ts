import type { Reference } from "./reference.ts";

/**
 * Orders references by domain, path, tag and digest, by code unit; what has no tag comes first. For `toSorted`.
 *
 * @example
 * ["b", "a:2", "a"].map((text) => parseReference(text)).sort(compareReferences);
 */
export function compareReferences(a: Reference, b: Reference): number {
  return (
    compareText(a.domain, b.domain) ||
    compareText(a.path, b.path) ||
    compareText(a.tag ?? "", b.tag ?? "") ||
    compareText(a.digest ?? "", b.digest ?? "")
  );
}

/** Whether both name the same, part by part; neither a default nor a digest's meaning is looked at. */
export function equalReferences(a: Reference, b: Reference): boolean {
  return compareReferences(a, b) === 0;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
