import { type DigestAlgorithm, digestAlgorithm } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { Context } from "./context.ts";
import { emptyReply, type RegistryReply } from "./exchange.ts";
import { checkDigest, isName, quote } from "./names.ts";
import { parseContentRange, parseNumber } from "./range.ts";
import { Refusal } from "./refusal.ts";
import type { RepositoryStorage } from "./storage.ts";
import type { UploadSession } from "./upload-sessions.ts";

/** How many repositories a mount without `from` looks through; each look is one question to the storage. */
const MAX_MOUNT_CANDIDATES = 1000;

/** `POST /v2/<name>/blobs/uploads/`: begins an upload, mounts a blob, or takes a whole one (distribution-spec, end-4, end-11). */
export async function startUpload(context: Context, name: string): Promise<RegistryReply> {
  const { state, request } = context;
  const repository = state.storage.repository(name);
  const mount = request.query.get("mount");
  if (
    mount !== null &&
    (await mountBlob(context, repository, checkDigest(mount), request.query.get("from")))
  ) {
    return createdReply(name, checkDigest(mount));
  }
  const whole = request.query.get("digest");
  const digest = whole === null || mount !== null ? undefined : checkDigest(whole);
  const session = await state.uploads.create(
    name,
    digest === undefined ? askedAlgorithm(context) : digestAlgorithm(digest),
  );
  if (digest === undefined) return sessionReply(202, session);
  try {
    await session.append(request.body);
    await session.commit(repository, digest);
  } finally {
    await state.uploads.end(session);
  }
  return createdReply(name, digest);
}

/** `PATCH`: the next chunk, or with no `Content-Range` a stream of any length (end-5). */
export async function appendUpload(context: Context, name: string, id: string): Promise<RegistryReply> {
  const session = context.state.uploads.get(name, id);
  await append(context, session);
  return sessionReply(202, session);
}

/** `PUT`: the last chunk, which may be the whole blob or nothing, and the digest (end-6). */
export async function finishUpload(context: Context, name: string, id: string): Promise<RegistryReply> {
  const { state, request } = context;
  const session = state.uploads.get(name, id);
  const digest = checkDigest(request.query.get("digest") ?? "");
  session.expect(digestAlgorithm(digest));
  await append(context, session);
  try {
    await session.commit(state.storage.repository(name), digest);
  } finally {
    await state.uploads.end(session);
  }
  return createdReply(name, digest);
}

/** `GET`: how far the upload has come (end-13). */
export function uploadStatus(context: Context, name: string, id: string): RegistryReply {
  return sessionReply(204, context.state.uploads.get(name, id));
}

/** `DELETE`: gives the upload up (end-14). */
export async function cancelUpload(context: Context, name: string, id: string): Promise<RegistryReply> {
  await context.state.uploads.end(context.state.uploads.get(name, id));
  return emptyReply(204);
}

/**
 * Makes a blob of another repository this one's, where the caller may read it there. Without the right to, it is as if
 * the blob were not there: the answer must not tell (CVE-2024-39897).
 */
async function mountBlob(
  context: Context,
  repository: RepositoryStorage,
  digest: Digest,
  from: string | null,
): Promise<boolean> {
  const { storage } = context.state;
  if ((await repository.stat(digest)) !== undefined) return true;
  const candidates =
    from === null
      ? (await storage.repositories()).slice(0, MAX_MOUNT_CANDIDATES)
      : isName(from)
        ? [from]
        : [];
  for (const candidate of candidates) {
    if (candidate === repository.name) continue;
    const source = storage.repository(candidate);
    if ((await source.stat(digest)) === undefined) continue;
    if (!(await context.may({ type: "repository", name: candidate, action: "pull" }))) continue;
    if (await repository.mount(digest, source)) return true;
  }
  return false;
}

async function append(context: Context, session: UploadSession): Promise<void> {
  const { request, state } = context;
  try {
    await session.append(request.body, () => judgeOrder(context, session));
  } catch (error) {
    // What is too large stays too large, and a disk that failed has lost bytes; everything else may be gone on with.
    const isTooLarge = error instanceof Refusal && error.status === 413;
    if (isTooLarge || session.broken) await state.uploads.end(session);
    throw error;
  }
}

/** A chunk that does not begin where the upload ends is refused, with the place to go on from (distribution-spec, "Pushing a blob in chunks"). */
function judgeOrder(context: Context, session: UploadSession): void {
  const { request } = context;
  const header = request.header("content-range");
  const announced = parseNumber(request.header("content-length") ?? "");
  // An empty final PUT has nothing whose place could be wrong; some clients send `0--1` with it.
  if (header === undefined || announced === 0) return;
  const range = parseContentRange(header);
  if (range === undefined) {
    throw new Refusal(
      416,
      "RANGE_INVALID",
      `not a Content-Range of the form <start>-<end>: ${quote(header)}`,
      {
        headers: progressHeaders(session),
      },
    );
  }
  if (range.start !== session.size) {
    throw new Refusal(
      416,
      "RANGE_INVALID",
      `the upload goes on at byte ${session.size}, not ${range.start}`,
      {
        headers: progressHeaders(session),
      },
    );
  }
  if (announced !== undefined && announced !== range.end - range.start) {
    throw new Refusal(400, "SIZE_INVALID", "Content-Length and Content-Range say different sizes");
  }
}

/** A client that will finish with another algorithm may say so at the start, so that nothing is hashed twice. */
function askedAlgorithm(context: Context): DigestAlgorithm {
  const asked = context.request.query.get("digest-algorithm");
  if (asked === null || asked === "sha256") return "sha256";
  if (asked === "sha512") return "sha512";
  throw new Refusal(400, "DIGEST_INVALID", `blobs are stored by sha256 or sha512, not ${quote(asked)}`);
}

function sessionReply(status: number, session: UploadSession): RegistryReply {
  return emptyReply(status, progressHeaders(session));
}

/** `Range` is inclusive and so cannot say "nothing": `0-0` is what everybody sends for it. */
function progressHeaders(session: UploadSession): [string, string][] {
  return [
    ["Location", `/v2/${session.repository}/blobs/uploads/${session.id}`],
    ["Range", `0-${Math.max(0, session.size - 1)}`],
    ["Docker-Upload-UUID", session.id],
  ];
}

function createdReply(name: string, digest: Digest): RegistryReply {
  return emptyReply(201, [
    ["Location", `/v2/${name}/blobs/${digest}`],
    ["Docker-Content-Digest", digest],
  ]);
}
