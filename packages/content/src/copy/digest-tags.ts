import type { Digest } from "@reg/reference";

/** Tags that name a digest, by the digest they name. */
export type DigestTags = ReadonlyMap<string, readonly string[]>;

/**
 * Sorts out the tags that name a digest: `sha256-<hex>` alone is the referrers tag (distribution-spec, "Referrers Tag
 * Schema"), with `.sig`, `.att`, `.sbom` and the like behind it cosign's.
 */
export function groupDigestTags(tags: Iterable<string>): DigestTags {
  const groups = new Map<string, string[]>();
  for (const tag of tags) {
    const dot = tag.indexOf(".");
    const name = dot < 0 ? tag : tag.slice(0, dot);
    if (!isDigestName(name)) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [tag]);
    else group.push(tag);
  }
  return groups;
}

/**
 * The tags that name this digest.
 *
 * @param withFallback - The referrers tag too. Where referrers are copied one by one, the target keeps its own.
 */
export function digestTagsOf(digest: Digest, tags: DigestTags, withFallback: boolean): readonly string[] {
  // A tag has 128 characters at most, so the specification cuts the encoded part to 64.
  const colon = digest.indexOf(":");
  const name = `${digest.slice(0, colon)}-${digest.slice(colon + 1, colon + 1 + ENCODED_CHARACTERS)}`;
  const group = tags.get(name) ?? [];
  return withFallback ? group : group.filter((tag) => tag !== name);
}

const ENCODED_CHARACTERS = 64;

function isDigestName(name: string): boolean {
  return (
    name.length === "sha256-".length + ENCODED_CHARACTERS &&
    (name.startsWith("sha256-") || name.startsWith("sha512-"))
  );
}
