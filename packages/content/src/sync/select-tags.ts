import type { TagSelection } from "./sync-rules.ts";
import { matchesGlob } from "./tag-glob.ts";
import { compareVersions, parseVersion } from "./version.ts";
import { parseVersionRange } from "./version-range.ts";

/**
 * The tags a rule takes, in the order given; with `newest`, the highest version first. Tags that name digests belong to
 * manifests, not to people: no rule takes them by a pattern.
 *
 * @example
 * ```ts
 * import { selectTags } from "@reg/content";
 * console.log(selectTags(["3.18", "3.19", "3.20-rc1", "edge"], { semver: ">=3.18", newest: 1 })); // [ '3.19' ]
 * ```
 */
export function selectTags(tags: readonly string[], selection: TagSelection = {}): readonly string[] {
  const candidates = tags.filter((tag) => isSelectable(tag, selection));
  const { newest } = selection;
  if (newest === undefined) return candidates;
  return candidates
    .flatMap((tag) => {
      const version = parseVersion(tag);
      return version === undefined ? [] : [{ tag, version }];
    })
    .sort((a, b) => compareVersions(b.version, a.version) || b.version.precision - a.version.precision)
    .slice(0, newest)
    .map(({ tag }) => tag);
}

/** Whether the conditions that look at one tag alone let it pass: all but `newest`. */
export function isSelectable(tag: string, { include, exclude, semver }: TagSelection): boolean {
  if (isDigestTag(tag)) return false;
  if (include !== undefined && !include.some((pattern) => matchesGlob(pattern, tag))) return false;
  if (exclude?.some((pattern) => matchesGlob(pattern, tag))) return false;
  if (semver === undefined) return true;
  const version = parseVersion(tag);
  return version !== undefined && parseVersionRange(semver)(version);
}

function isDigestTag(tag: string): boolean {
  return (tag.startsWith("sha256-") || tag.startsWith("sha512-")) && tag.length >= 71;
}
