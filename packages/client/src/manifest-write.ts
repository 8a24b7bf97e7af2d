import {
  type Descriptor,
  digestAlgorithm,
  digestOf,
  isContentError,
  type ParsedManifest,
  parseManifest,
  subjectOf,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import type { TransportResponse } from "@reg/transport";
import { type Access, formatName, withActions } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { getManifest, headManifest, readDigest } from "./manifest-read.ts";
import type { PutManifestOptions, PutManifestResult } from "./manifests.ts";
import type { CallOptions } from "./options.ts";
import { hasReferrersApi } from "./referrers-api.ts";
import { addToFallback, removeFromFallback } from "./referrers-fallback.ts";
import { isRefusedScope } from "./refused-scope.ts";
import { manifestUrl } from "./urls.ts";

export interface WriteManifest extends PutManifestOptions {
  /** Names it is to have; none: it is known by its digest alone. */
  readonly tags: readonly string[];
  /** Whether it is to be stored under its digest also where tags would do. */
  readonly byDigest: boolean;
  /** The digest it must have. */
  readonly digest?: Digest | undefined;
}

/** Stores a manifest under its tags, in as few requests as the registry allows. */
export async function putManifest(
  access: Access,
  bytes: Uint8Array,
  options: WriteManifest,
): Promise<PutManifestResult> {
  const { wire, target } = access;
  const parsed = readOwn(access, bytes, options);
  const { descriptor } = parsed;
  if (options.noClobber === true) await assertFree(access, options.tags, options.signal);
  const put = (reference: string, tags: readonly string[] = []): Promise<Stored> =>
    putOnce(access, parsed, reference, tags, options);

  const stored: Stored[] = [];
  let missing = options.tags;
  // A condition is about the tag a request names.
  const multiTag =
    options.tags.length > 0 &&
    options.ifMatch === undefined &&
    wire.capabilities.get(target.registry, "multiTag") !== false;
  if (options.byDigest || options.tags.length === 0 || (options.tags.length > 1 && multiTag)) {
    const first = await putByDigest(put, descriptor.digest, multiTag ? options.tags : []);
    stored.push(first);
    if (multiTag) wire.capabilities.learn(target.registry, "multiTag", first.tags.length > 0);
    missing = options.tags.filter((tag) => !first.tags.includes(tag));
  }
  for (const tag of missing) stored.push(await put(tag));

  const subject = subjectOf(parsed);
  const listed = stored.some((answer) => answer.subject !== undefined);
  if (
    subject !== undefined &&
    !(listed && (await hasReferrersApi(access, subject.digest, options)) !== false)
  ) {
    await addToFallback(access, subject, parsed, options);
  }
  return {
    descriptor,
    tags: options.tags,
    ...(listed && subject !== undefined ? { subject: subject.digest } : {}),
  };
}

/**
 * Refuses where one of the tags has another version than `expected`, an ETag or a digest.
 *
 * @returns What the registry itself calls that version: the value for `If-Match`.
 */
export async function assertCurrent(
  access: Access,
  tags: readonly string[],
  expected: string,
  options: CallOptions,
): Promise<string> {
  const { target } = access;
  const place = { registry: target.registry, repository: target.repository };
  const refuse = (what: string): never => {
    throw new RegistryError("INVALID", `${what}; nothing was sent (ifMatch).`, place);
  };
  if (tags.length === 0) refuse(`manifest ${target.name}: without a tag there is no version to compare`);
  const wanted = versionIn(expected);
  let field = `"${wanted}"`;
  for (const tag of tags) {
    const what = `manifest ${formatName(target, tag)}`;
    const found = await headManifest(access, tag, { signal: options.signal }).catch((error: unknown) => {
      if (isRegistryError(error) && error.code === "NOT_FOUND") return undefined;
      throw error;
    });
    if (found === undefined) return refuse(`${what} is not there (any more)`);
    const { descriptor, etag } = found;
    if (descriptor.digest !== wanted && (etag === undefined || versionIn(etag) !== wanted)) {
      refuse(`${what} has become ${descriptor.digest}`);
    }
    // A weak tag never satisfies If-Match: there the digest is what is left to be said.
    if (etag !== undefined && !etag.startsWith("W/")) field = etag;
  }
  return field;
}

/** An entity tag without its quotes; a digest as it is. */
function versionIn(etag: string): string {
  const strong = etag.startsWith("W/") ? etag.slice(2) : etag;
  return strong.startsWith('"') && strong.endsWith('"') ? strong.slice(1, -1) : strong;
}

/**
 * Deletes a manifest by its digest. Where the registry keeps no list of referrers itself, a referrer is first taken off
 * the list its subject's fallback tag holds (distribution-spec, "Deleting Manifests").
 */
export async function deleteManifest(
  access: Access,
  digest: Digest,
  options: CallOptions = {},
): Promise<void> {
  const { wire, target } = access;
  const reading = withActions(access, "pull");
  if (wire.capabilities.get(target.name, "referrers") !== true) {
    const manifest = await getManifest(reading, digest, options);
    const subject = subjectOf(manifest);
    if (subject !== undefined && (await hasReferrersApi(reading, subject.digest, options)) === false) {
      await removeFromFallback(withActions(access, "pull,push"), subject, digest, options);
    }
  }
  await deleteReference(access, digest, options);
}

/** `DELETE` of a tag or digest, and what its refusal means. */
export async function deleteReference(
  access: Access,
  reference: string,
  options: CallOptions = {},
): Promise<void> {
  const { wire, target } = access;
  const what = `manifest ${formatName(target, reference)}`;
  const url = manifestUrl(target, reference);
  const send = async ({ scopes }: Access): Promise<void> => {
    const request = { what, target, method: "DELETE", url, scopes, signal: options.signal };
    await wire.done(request, 202, 200, 204);
  };
  const pushing = withActions(access, "pull,push");
  if (wire.capabilities.get(target.registry, "deleteScope") === false) return send(pushing);
  try {
    await send(access);
  } catch (error) {
    // Quay's token server takes the word for a mistake: there, whoever may push may delete.
    if (!isRefusedScope(error)) throw error;
    await send(pushing);
    wire.capabilities.learn(target.registry, "deleteScope", false);
  }
}

interface Stored {
  /** Tags the registry says it has made. */
  readonly tags: readonly string[];
  readonly subject: string | undefined;
}

/** With the tags along; without, where the registry does not take them so. */
async function putByDigest(
  put: (reference: string, tags?: readonly string[]) => Promise<Stored>,
  digest: Digest,
  tags: readonly string[],
): Promise<Stored> {
  if (tags.length === 0) return put(digest);
  try {
    return await put(digest, tags);
  } catch (error) {
    // Too many for it (414, 431), or not understood at all.
    if (!isRegistryError(error) || ![400, 404, 405, 414, 431].includes(error.status ?? 0)) throw error;
    return put(digest);
  }
}

async function putOnce(
  { wire, target, scopes }: Access,
  { bytes, mediaType, descriptor }: ParsedManifest,
  reference: string,
  tags: readonly string[],
  options: PutManifestOptions,
): Promise<Stored> {
  const url = manifestUrl(target, reference);
  for (const tag of tags) url.searchParams.append("tag", tag);
  const response = await wire.done(
    {
      what: `manifest ${formatName(target, reference)}`,
      target,
      method: "PUT",
      url,
      scopes,
      headers: {
        "content-type": mediaType,
        ...(options.ifMatch === undefined || reference === descriptor.digest
          ? {}
          : { "if-match": options.ifMatch }),
        ...(options.noClobber === true ? { "if-none-match": "*" } : {}),
      },
      body: bytes,
      signal: options.signal,
    },
    201,
    200,
    202,
    204,
  );
  assertStoredAs(response.headers.get("docker-content-digest"), bytes, descriptor, target.name);
  return { tags: readTags(response), subject: response.headers.get("oci-subject") };
}

/** A registry that converts what it is given has stored something else. */
function assertStoredAs(field: string | undefined, bytes: Uint8Array, own: Descriptor, name: string): void {
  const stored = readDigest(field);
  if (stored === undefined || stored === own.digest) return;
  if (digestOf(bytes, digestAlgorithm(stored)) === stored) return;
  throw new RegistryError(
    "DIGEST_MISMATCH",
    `PUT manifest ${name}: the registry stored ${stored} in place of ${own.digest}.`,
  );
}

/** `OCI-Tag`, once a tag or as a list (distribution-spec, "Pushing Manifests with Tags"). */
function readTags(response: TransportResponse): readonly string[] {
  return response.headers
    .all("oci-tag")
    .flatMap((value) => value.split(","))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}

function readOwn({ wire, target }: Access, bytes: Uint8Array, options: WriteManifest): ParsedManifest {
  const algorithm = options.digest === undefined ? "sha256" : digestAlgorithm(options.digest);
  try {
    const parsed = parseManifest(bytes, options.mediaType, {
      algorithm,
      maxBytes: wire.limits.manifestBytes,
    });
    if (options.digest !== undefined && parsed.descriptor.digest !== options.digest) {
      throw new RegistryError(
        "DIGEST_MISMATCH",
        `The manifest for ${target.name}@${options.digest} has the digest ${parsed.descriptor.digest}; nothing was sent.`,
      );
    }
    return parsed;
  } catch (error) {
    if (!isContentError(error)) throw error;
    const code = error.code === "UNSUPPORTED" || error.code === "SIZE_EXCEEDED" ? error.code : "INVALID";
    throw new RegistryError(code, `The manifest for ${target.name}: ${error.message}`, { cause: error });
  }
}

async function assertFree(
  access: Access,
  tags: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const { wire, target, scopes } = access;
  for (const tag of tags) {
    const what = `manifest ${formatName(target, tag)}`;
    const request = { what, target, method: "HEAD", url: manifestUrl(target, tag), scopes, signal };
    const response = await wire.done(request, 200, 404);
    if (response.status === 404) continue;
    throw new RegistryError("INVALID", `${what} is there already; it is left as it is (noClobber).`, {
      registry: target.registry,
      repository: target.repository,
    });
  }
}
