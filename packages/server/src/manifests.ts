import {
  ContentError,
  type Descriptor,
  digestAlgorithm,
  essenceOf,
  isForeignLayerType,
  type ParsedManifest,
  parseManifest,
  subjectOf,
  successors,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { matches } from "./blobs.ts";
import type { Context } from "./context.ts";
import { emptyReply, type RegistryReply, type ReplyHeaders } from "./exchange.ts";
import { asDigest, checkDigest, isTag, quote } from "./names.ts";
import { parseNumber } from "./range.ts";
import { Refusal } from "./refusal.ts";
import type { RepositoryStorage } from "./storage.ts";

/** Tags of one `PUT …?tag=`: what fits a request line anyway. */
const MAX_TAGS_PER_PUT = 100;

/** `GET` and `HEAD /v2/<name>/manifests/<reference>` (distribution-spec, end-3). */
export async function readManifest(
  context: Context,
  name: string,
  reference: string,
): Promise<RegistryReply> {
  const { state, request } = context;
  const repository = state.storage.repository(name);
  const found = await findManifest(context, repository, reference);
  if (found === undefined) throw unknownManifest(reference);
  const headers: ReplyHeaders = [
    ["Content-Type", found.mediaType],
    ["Docker-Content-Digest", found.digest],
    ["ETag", `"${found.digest}"`],
  ];
  if (matches(request.header("if-none-match"), found.digest)) return emptyReply(304, headers);
  const withLength: ReplyHeaders = [["Content-Length", String(found.size)], ...headers];
  if (request.method === "HEAD") return { status: 200, headers: withLength };
  return { status: 200, headers: withLength, body: await state.catalogOf(repository).read(found) };
}

/** `PUT /v2/<name>/manifests/<reference>`, with `?tag=` for more tags than one (end-7). */
export async function writeManifest(
  context: Context,
  name: string,
  reference: string,
): Promise<RegistryReply> {
  const { state, request } = context;
  const repository = state.storage.repository(name);
  const digest = reference.includes(":") ? checkDigest(reference) : undefined;
  const tags = [...new Set([...(digest === undefined ? [reference] : []), ...request.query.getAll("tag")])];
  if (tags.length > MAX_TAGS_PER_PUT) {
    throw new Refusal(414, "TAG_INVALID", `at most ${MAX_TAGS_PER_PUT} tags are taken at once`);
  }
  for (const tag of tags) if (!isTag(tag)) throw new Refusal(400, "TAG_INVALID", `not a tag: ${quote(tag)}`);

  const bytes = await readBody(context);
  const parsed = parse(bytes, request.header("content-type"), digest);
  if (digest !== undefined && parsed.descriptor.digest !== digest) {
    throw new Refusal(
      400,
      "DIGEST_INVALID",
      `the manifest's digest is ${parsed.descriptor.digest}, not ${digest}`,
    );
  }
  if (!state.sparse) await requireBlobs(repository, parsed);
  await state.catalogOf(repository).put(parsed, tags);
  const subject = subjectOf(parsed);
  return emptyReply(201, [
    ["Location", `/v2/${name}/manifests/${parsed.descriptor.digest}`],
    ["Docker-Content-Digest", parsed.descriptor.digest],
    ...(subject === undefined ? [] : ([["OCI-Subject", subject.digest]] as const)),
    ...(request.query.has("tag") ? tags.map((tag) => ["OCI-Tag", tag] as const) : []),
  ]);
}

/** `DELETE /v2/<name>/manifests/<reference>`: a tag alone, or a manifest with all its tags (end-9). */
export async function deleteManifest(
  context: Context,
  name: string,
  reference: string,
): Promise<RegistryReply> {
  const catalog = context.state.catalogOf(context.state.storage.repository(name));
  const deleted = reference.includes(":")
    ? await catalog.delete(checkDigest(reference))
    : isTag(reference) && (await catalog.untag(reference));
  if (!deleted) throw unknownManifest(reference);
  return emptyReply(202);
}

async function findManifest(
  context: Context,
  repository: RepositoryStorage,
  reference: string,
): Promise<Descriptor | undefined> {
  const { state } = context;
  const digest = reference.includes(":") ? checkDigest(reference) : undefined;
  if (digest === undefined && !isTag(reference)) {
    throw new Refusal(400, "TAG_INVALID", `neither a tag nor a digest: ${quote(reference)}`);
  }
  if (state.pullThrough !== undefined) return state.pullThrough.manifest(repository, reference);
  const catalog = state.catalogOf(repository);
  return digest === undefined ? catalog.resolve(reference) : catalog.find(digest);
}

async function readBody({ request, state }: Context): Promise<Uint8Array> {
  const limit = state.limits.manifestBytes;
  const tooLarge = (): Refusal =>
    new Refusal(413, "SIZE_INVALID", `a manifest may have at most ${limit} bytes`);
  const announced = parseNumber(request.header("content-length") ?? "");
  if (announced !== undefined && announced > limit) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.byteLength;
    if (length > limit) throw tooLarge();
    chunks.push(new Uint8Array(chunk));
  }
  return Buffer.concat(chunks);
}

function parse(
  bytes: Uint8Array,
  contentType: string | undefined,
  digest: Digest | undefined,
): ParsedManifest {
  let parsed: ParsedManifest;
  try {
    const mediaType = contentType === undefined ? undefined : essenceOf(contentType);
    parsed = parseManifest(
      bytes,
      mediaType,
      digest === undefined ? {} : { algorithm: digestAlgorithm(digest) },
    );
  } catch (error) {
    if (error instanceof ContentError)
      throw new Refusal(400, "MANIFEST_INVALID", error.message, { cause: error });
    throw error;
  }
  if (parsed.kind === "schema1") {
    throw new Refusal(
      400,
      "MANIFEST_INVALID",
      "Docker's schema 1 manifests are not taken; push schema 2 or OCI",
    );
  }
  return parsed;
}

/**
 * An image's configuration and layers come before it (distribution-spec, "Pushing Manifests"). The manifests of an
 * index need not: indexes may be sparse, and so are layers that are not to be distributed.
 */
async function requireBlobs(repository: RepositoryStorage, parsed: ParsedManifest): Promise<void> {
  if (parsed.kind === "index") return;
  const missing: Descriptor[] = [];
  for (const blob of successors(parsed)) {
    if (isForeignLayerType(blob.mediaType) || (blob.urls?.length ?? 0) > 0) continue;
    if (asDigest(blob.digest) === undefined) {
      throw new Refusal(
        400,
        "MANIFEST_INVALID",
        `names a blob by a digest nothing can be stored by: ${quote(blob.digest)}`,
      );
    }
    if ((await repository.stat(blob.digest)) !== blob.size) missing.push(blob);
  }
  const [first] = missing;
  if (first !== undefined) {
    const detail = missing.map(({ digest, size, mediaType }) => ({ digest, size, mediaType }));
    throw new Refusal(400, "MANIFEST_BLOB_UNKNOWN", `no blob ${first.digest} of ${first.size} bytes here`, {
      detail,
    });
  }
}

function unknownManifest(reference: string): Refusal {
  return new Refusal(404, "MANIFEST_UNKNOWN", `no manifest ${quote(reference)} in this repository`);
}
