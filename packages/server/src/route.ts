import { checkName, isName, quote } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** What a path asks for. Names are checked; references, digests and ids are as they came. */
export type Route =
  | { readonly kind: "ping" }
  | { readonly kind: "catalog" }
  | { readonly kind: "manifest"; readonly name: string; readonly reference: string }
  | { readonly kind: "blob"; readonly name: string; readonly digest: string }
  | { readonly kind: "uploads"; readonly name: string }
  | { readonly kind: "upload"; readonly name: string; readonly id: string }
  | { readonly kind: "tags"; readonly name: string }
  | { readonly kind: "referrers"; readonly name: string; readonly digest: string }
  /** Not of the specification, which has no way to delete a repository: as Azure's registry has it. */
  | { readonly kind: "repository"; readonly name: string };

/**
 * Reads a path of distribution-spec, "Endpoints", from its end, since a repository may be called `tags/list`. Each
 * segment is decoded by itself and then held against its grammar, which has no `/`, `.` alone or `..`: nothing that
 * could leave a folder comes through.
 *
 * @returns `undefined` where the path is none of the API's.
 */
export function parseRoute(path: string): Route | undefined {
  if (path === "/v2" || path === "/v2/") return { kind: "ping" };
  if (path.startsWith(REPOSITORIES)) {
    const name = path.slice(REPOSITORIES.length).split("/").map(decodeSegment).join("/");
    return isName(name) ? { kind: "repository", name } : undefined;
  }
  if (!path.startsWith("/v2/")) return undefined;
  const segments = path.slice("/v2/".length).split("/").map(decodeSegment);
  if (segments.length === 1 && segments[0] === "_catalog") return { kind: "catalog" };

  const last = segments.at(-1) ?? "";
  const before = segments.at(-2);
  const name = (trailing: number): string => checkName(segments.slice(0, -trailing).join("/"));
  if (before === "uploads" && segments.at(-3) === "blobs") {
    return last === "" ? { kind: "uploads", name: name(3) } : { kind: "upload", name: name(3), id: last };
  }
  switch (before) {
    case "manifests":
      return { kind: "manifest", name: name(2), reference: last };
    case "blobs":
      return last === "uploads"
        ? { kind: "uploads", name: name(2) }
        : { kind: "blob", name: name(2), digest: last };
    case "referrers":
      return { kind: "referrers", name: name(2), digest: last };
    case "tags":
      return last === "list" ? { kind: "tags", name: name(2) } : undefined;
    default:
      return undefined;
  }
}

/** Where repositories stand as a whole. */
const REPOSITORIES = "/acr/v1/";

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw new Refusal(400, "NAME_INVALID", `not a path: ${quote(segment)}`);
  }
  // A separator that was hidden would make one segment of a name into two.
  if (decoded.includes("/")) throw new Refusal(400, "NAME_INVALID", `not a path: ${quote(segment)}`);
  return decoded;
}
