import type { Digest } from "@reg/reference";
import type { Context } from "./context.ts";
import { emptyReply, type RegistryReply, type RegistryRequest, type ReplyHeaders } from "./exchange.ts";
import { checkDigest } from "./names.ts";
import type { ReadableBlob } from "./pull-through.ts";
import { parseRange } from "./range.ts";
import { Refusal } from "./refusal.ts";

/** `GET` and `HEAD /v2/<name>/blobs/<digest>`, whole or in part (distribution-spec, end-2). */
export async function readBlob(context: Context, name: string, reference: string): Promise<RegistryReply> {
  const { request, state } = context;
  const digest = checkDigest(reference);
  const repository = state.storage.repository(name);
  const size = await repository.stat(digest);
  if (size !== undefined) {
    return blobReply(request, digest, { size, read: (range) => repository.read(digest, range) });
  }
  const pulled = await state.pullThrough?.blob(repository, digest, request.method);
  if (pulled === undefined) throw unknownBlob(digest);
  return blobReply(request, digest, pulled);
}

/** `DELETE /v2/<name>/blobs/<digest>` (end-10). */
export async function deleteBlob(context: Context, name: string, reference: string): Promise<RegistryReply> {
  const digest = checkDigest(reference);
  const repository = context.state.storage.repository(name);
  if ((await context.state.catalogOf(repository).find(digest)) !== undefined) {
    throw new Refusal(405, "UNSUPPORTED", "this is a manifest: it is deleted as one");
  }
  if (!(await repository.remove(digest))) throw unknownBlob(digest);
  return emptyReply(202);
}

/** Whether an `If-None-Match` names this digest (RFC 9110, section 13.1.2). */
export function matches(header: string | undefined, digest: Digest): boolean {
  if (header === undefined) return false;
  return header
    .split(",")
    .some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === `"${digest}"`);
}

function blobReply(request: RegistryRequest, digest: Digest, blob: ReadableBlob): RegistryReply {
  const { size } = blob;
  const headers: ReplyHeaders = [
    ["Content-Type", "application/octet-stream"],
    ["Docker-Content-Digest", digest],
    ["ETag", `"${digest}"`],
    ["Accept-Ranges", "bytes"],
    ["Cache-Control", "max-age=31536000, immutable"],
  ];
  if (matches(request.header("if-none-match"), digest)) return emptyReply(304, headers);
  // RFC 9110, section 13.1.5: a range of something else than the client has begun is no use to it.
  const ifRange = request.header("if-range");
  const range =
    ifRange === undefined || ifRange === `"${digest}"`
      ? parseRange(request.header("range"), size)
      : undefined;
  if (range === "unsatisfiable") {
    throw new Refusal(416, "RANGE_INVALID", `the blob has ${size} bytes`, {
      headers: [["Content-Range", `bytes */${size}`]],
    });
  }
  const { start, end } = range ?? { start: 0, end: size };
  const partial: ReplyHeaders =
    range === undefined ? [] : [["Content-Range", `bytes ${start}-${end - 1}/${size}`]];
  return {
    status: range === undefined ? 200 : 206,
    headers: [["Content-Length", String(end - start)], ...headers, ...partial],
    body: request.method === "HEAD" ? undefined : blob.read({ start, end }),
  };
}

function unknownBlob(digest: Digest): Refusal {
  return new Refusal(404, "BLOB_UNKNOWN", `no blob ${digest} in this repository`);
}
