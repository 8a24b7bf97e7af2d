/** What a path of the distribution API asks for. */
export interface ApiPath {
  readonly repository: string;
  readonly resource: "manifests" | "blobs" | "tags" | "referrers";
  /** What follows: a tag, a digest, `uploads/…`, `list`. */
  readonly rest: string;
}

const RESOURCES: readonly ApiPath["resource"][] = ["manifests", "blobs", "tags", "referrers"];

/**
 * Takes a path such as `/v2/library/ubuntu/manifests/latest` apart (distribution-spec, "Endpoints"); undefined for the
 * others, such as `/v2/`. The last fitting segment counts, for a repository may be called `blobs` too.
 */
export function parseApiPath(pathname: string): ApiPath | undefined {
  if (!pathname.startsWith("/v2/")) return undefined;
  const segments = pathname.slice("/v2/".length).split("/");
  for (let index = segments.length - 2; index > 0; index--) {
    const resource = RESOURCES.find((name) => name === segments[index]);
    if (resource === undefined) continue;
    return {
      repository: segments.slice(0, index).join("/"),
      resource,
      rest: segments.slice(index + 1).join("/"),
    };
  }
  return undefined;
}
