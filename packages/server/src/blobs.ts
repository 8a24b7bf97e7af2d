import type { Digest } from "@reg/reference";
import type { Context } from "./context.ts";
import { emptyReply, type RegistryReply, type ReplyHeaders } from "./exchange.ts";
import { checkDigest } from "./names.ts";
import { parseRange } from "./range.ts";
import { Refusal } from "./refusal.ts";

/** `GET` and `HEAD /v2/<name>/blobs/<digest>`, whole or in part (distribution-spec, end-2). */
export async function readBlob(context: Context, name: string, reference: string): Promise<RegistryReply> {
  const { request, state } = context;
  const digest = checkDigest(reference);
  const repository = state.storage.repository(name);
  const found = await repository.stat(digest);
  if (found === undefined) {
    const fetched = await state.pullThrough?.blob(repository, digest, request.method);
    if (fetched === undefined) throw unknownBlob(digest);
    return blobReply(context, digest, fetched.size, (start, end) => fetched.read({ start, end }));
  }
  return blobReply(context, digest, found, (start, end) => repository.read(digest, { start, end }));

  function blobReply(
    { request: { method } }: Context,
    of: Digest,
    size: number,
    open: (start: number, end: number) => AsyncIterable<Uint8Array>,
  ): RegistryReply {
    const headers: ReplyHeaders = [
      ["Content-Type", "application/octet-stream"],
      ["Docker-Content-Digest", of],
      ["ETag", `"${of}"`],
      ["Accept-Ranges", "bytes"],
      ["Cache-Control", "max-age=31536000, immutable"],
    ];
    if (matches(request.header("if-none-match"), of)) return emptyReply(304, headers);
    const ifRange = request.header("if-range");
    const whole = ifRange !== undefined && ifRange !== `"${of}"`;
    const range = whole ? undefined : parseRange(request.header("range"), size);
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
      body: method === "HEAD" ? undefined : open(start, end),
    };
  }
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

function unknownBlob(digest: Digest): Refusal {
  return new Refusal(404, "BLOB_UNKNOWN", `no blob ${digest} in this repository`);
}
