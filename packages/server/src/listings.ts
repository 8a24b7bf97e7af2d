import { type Descriptor, MEDIA_TYPES } from "@reg/content";
import type { Context } from "./context.ts";
import { jsonReply, type RegistryReply } from "./exchange.ts";
import { checkDigest } from "./names.ts";
import { linkHeaders, pageOf } from "./paging.ts";
import { Refusal } from "./refusal.ts";

/** Bytes of one page of referrers: clients read no more than 4 MiB, and 3 leave room for the frame around it. */
const REFERRERS_PAGE_BYTES = 3 * 1024 * 1024;

/** `GET /v2/_catalog`: Docker's list of all repositories. */
export async function listRepositories(context: Context): Promise<RegistryReply> {
  const { state, request } = context;
  const repositories = await state.storage.repositories();
  const page = pageOf(repositories, (name) => name, {
    path: "/v2/_catalog",
    query: request.query,
    maxEntries: state.limits.pageEntries,
  });
  return jsonReply(200, { repositories: page.entries }, linkHeaders(page));
}

/** `GET /v2/<name>/tags/list` (distribution-spec, end-8). */
export async function listTags(context: Context, name: string): Promise<RegistryReply> {
  const { state, request } = context;
  const repository = state.storage.repository(name);
  const upstream = await state.pullThrough?.tags(repository);
  if (upstream === undefined && !(await repository.exists())) {
    throw new Refusal(404, "NAME_UNKNOWN", "there is no such repository");
  }
  const page = pageOf(upstream ?? (await state.catalogOf(repository).tags()), (tag) => tag, {
    path: `/v2/${name}/tags/list`,
    query: request.query,
    maxEntries: state.limits.pageEntries,
  });
  return jsonReply(200, { name, tags: page.entries }, linkHeaders(page));
}

/** `GET /v2/<name>/referrers/<digest>`: always an index, empty where there are none (end-12). */
export async function listReferrers(
  context: Context,
  name: string,
  reference: string,
): Promise<RegistryReply> {
  const { state, request } = context;
  const digest = checkDigest(reference);
  const repository = state.storage.repository(name);
  const upstream = await state.pullThrough?.referrers(repository, digest);
  const all = upstream ?? (await state.catalogOf(repository).referrers(digest));
  const artifactType = request.query.get("artifactType");
  const wanted = artifactType === null ? all : all.filter((entry) => entry.artifactType === artifactType);
  const page = pageOf(wanted, (entry) => entry.digest, {
    path: `/v2/${name}/referrers/${digest}`,
    query: request.query,
    maxEntries: fitting(wanted, request.query.get("last"), state.limits.pageEntries),
  });
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: page.entries };
  const applied: [string, string][] = artifactType === null ? [] : [["OCI-Filters-Applied", "artifactType"]];
  return jsonReply(200, index, [...linkHeaders(page), ...applied], MEDIA_TYPES.ociIndex);
}

/** How many entries from a place on stay within the bytes of a page; one always does. */
function fitting(entries: readonly Descriptor[], last: string | null, most: number): number {
  let bytes = 0;
  let count = 0;
  for (const entry of entries) {
    if (last !== null && entry.digest <= last) continue;
    bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (bytes > REFERRERS_PAGE_BYTES || count === most) break;
    count++;
  }
  return Math.max(1, count);
}
