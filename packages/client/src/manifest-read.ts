import {
  type Descriptor,
  type DigestAlgorithm,
  digestAlgorithm,
  digestOf,
  essenceOf,
  isContentError,
  isManifestType,
  MEDIA_TYPES,
  type ParsedManifest,
  parseManifest,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import type { TransportResponse } from "@reg/transport";
import { type Access, formatName } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import type { GetManifestOptions, Manifest, ManifestHead } from "./manifests.ts";
import { readDecimal } from "./numbers.ts";
import { schema1Payload } from "./schema1-payload.ts";
import { manifestUrl } from "./urls.ts";
import type { WireRequest } from "./wire.ts";

/** What is asked for by default: with less, registries convert, or choose a platform (distribution-spec, end-3). */
const MANIFEST_ACCEPT: readonly string[] = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
  // Last, and by quality too: only what exists in no other form is to come so.
  `${MEDIA_TYPES.dockerSchema1Signed};q=0.1`,
];

/** The header's value: the same in nearly every request. */
export const MANIFEST_ACCEPT_FIELD: string = MANIFEST_ACCEPT.join(", ");

export interface HeadManifestOptions extends GetManifestOptions {
  /** Whether a 404 stands, though some registries once answered a `HEAD` so for what is there. Default false. */
  readonly trustMissing?: boolean | undefined;
}

/** A manifest's descriptor by `HEAD`, or by `GET` where the registry's `HEAD` does not tell it. */
export async function headManifest(
  access: Access,
  reference: string,
  options: HeadManifestOptions = {},
): Promise<ManifestHead> {
  const { wire, target } = access;
  const byGet = async (): Promise<ManifestHead> => {
    const { descriptor, etag } = await getManifest(access, reference, options);
    return { descriptor, etag };
  };
  if (wire.capabilities.get(target.registry, "headManifest") === false) return byGet();
  const request = { ...manifestRequest(access, reference, options), method: "HEAD" };
  const response = await wire.send(request);
  await response.body.discard();
  if (response.status === 200) {
    const descriptor = describeHead(readManifestFields(response), reference);
    if (descriptor === undefined) return byGet();
    wire.capabilities.learn(target.registry, "headManifest", true);
    return { descriptor, etag: response.headers.get("etag") };
  }
  const error = await wire.refuse(request, response);
  // Some answer a HEAD with these where a GET succeeds, and none explains itself without a body.
  const doubtful =
    response.status === 400 ||
    response.status === 403 ||
    response.status === 405 ||
    (response.status === 404 &&
      options.trustMissing !== true &&
      wire.capabilities.get(target.registry, "headManifest") === undefined);
  if (!doubtful) throw error;
  const learn = (supported: boolean): void =>
    wire.capabilities.learn(target.registry, "headManifest", supported);
  try {
    const head = await byGet();
    learn(false);
    return head;
  } catch (failure) {
    // The same verdict twice: this registry's HEAD tells the truth.
    if (isRegistryError(failure) && failure.status === 404 && response.status === 404) learn(true);
    throw failure;
  }
}

/** A manifest in one `GET`, verified. */
export async function getManifest(
  access: Access,
  reference: string,
  options: GetManifestOptions = {},
): Promise<Manifest> {
  const request = manifestRequest(access, reference, options);
  const { response, bytes } = await readManifest(access, request, 200);
  return toManifest(request, response, bytes, reference, access.wire.limits.manifestBytes);
}

/** As {@link getManifest}, or `undefined` where the registry still has the version `etag` names (RFC 9110, 13.1.2). */
export async function getManifestIfChanged(
  access: Access,
  reference: string,
  etag: string,
  options: GetManifestOptions = {},
): Promise<Manifest | undefined> {
  const request = manifestRequest(access, reference, options);
  const quoted = etag.startsWith('"') || etag.startsWith("W/") ? etag : `"${etag}"`;
  const conditional = { ...request, headers: { ...request.headers, "if-none-match": quoted } };
  const { response, bytes } = await readManifest(access, conditional, 200, 304);
  if (response.status === 304) return undefined;
  const manifest = toManifest(request, response, bytes, reference, access.wire.limits.manifestBytes);
  // Registries that do not know the condition send the whole thing: the digest tells all the same.
  const same = manifest.etag === etag || manifest.descriptor.digest === quoted.slice(1, -1);
  return same ? undefined : manifest;
}

/** What the headers of an answer say of a manifest. */
export interface ManifestFields {
  readonly contentType: string | undefined;
  readonly contentLength: string | undefined;
  readonly digest: string | undefined;
}

/**
 * The descriptor that the headers of a `HEAD` amount to; `undefined` where they do not tell enough.
 *
 * @throws RegistryError `DIGEST_MISMATCH` where another digest is named than the one asked for.
 */
export function describeHead(fields: ManifestFields, reference: string): Descriptor | undefined {
  const size = readDecimal(fields.contentLength);
  const mediaType = fields.contentType === undefined ? "" : essenceOf(fields.contentType);
  const named = readDigest(fields.digest);
  const asked = readDigest(reference);
  if (asked !== undefined && named !== undefined && named !== asked && sameAlgorithm(asked, named)) {
    throw new RegistryError(
      "DIGEST_MISMATCH",
      `${asked} was asked for, and the registry answers for ${named}.`,
    );
  }
  const digest = asked ?? named;
  if (size === undefined || digest === undefined || !isManifestType(mediaType)) return undefined;
  return { mediaType, digest, size };
}

/**
 * Verifies and reads the bytes of a manifest.
 *
 * @param reference - What was asked for: a digest the bytes must have, or a tag.
 * @throws RegistryError `DIGEST_MISMATCH`, also where the registry's own header names another digest; `PROTOCOL` where
 * the document is wrong; `UNSUPPORTED` where it is no manifest.
 */
export function verifyManifest(
  fields: Omit<ManifestFields, "contentLength">,
  bytes: Uint8Array,
  reference: string,
  maxBytes?: number,
): ParsedManifest {
  const asked = readDigest(reference);
  const named = readDigest(fields.digest);
  const signed = isSignedSchema1(fields.contentType) ? schema1Payload(bytes) : undefined;
  const digests = new Map<DigestAlgorithm, Digest>();
  for (const digest of [asked, named]) {
    if (digest === undefined) continue;
    const algorithm = digestAlgorithm(digest);
    const actual = digests.get(algorithm) ?? digestOf(signed ?? bytes, algorithm);
    digests.set(algorithm, actual);
    // Some registries go by the whole document even where it is signed.
    if (actual === digest || (signed !== undefined && digestOf(bytes, algorithm) === digest)) continue;
    throw new RegistryError(
      "DIGEST_MISMATCH",
      digest === asked
        ? `the content is not that of ${digest}: its digest is ${actual}.`
        : `the registry calls it ${digest} (Docker-Content-Digest), but its digest is ${actual}.`,
    );
  }
  const digest = asked ?? named;
  const algorithm = digest === undefined ? "sha256" : digestAlgorithm(digest);
  const parsed = parseManifest(bytes, fields.contentType, { algorithm, maxBytes });
  const verified = digest ?? (signed === undefined ? undefined : digestOf(signed));
  if (verified === undefined || verified === parsed.descriptor.digest) return parsed;
  return { ...parsed, descriptor: { ...parsed.descriptor, digest: verified } };
}

export function readManifestFields(response: TransportResponse): ManifestFields {
  return {
    contentType: response.headers.get("content-type"),
    contentLength: response.headers.get("content-length"),
    digest: response.headers.get("docker-content-digest"),
  };
}

/** A digest that can be verified by; `undefined` for any other text, such as a tag. */
export function readDigest(text: string | undefined): Digest | undefined {
  // Most often a tag, which is told from a digest without an error being made.
  if (text === undefined || !text.includes(":")) return undefined;
  try {
    digestAlgorithm(text);
  } catch {
    return undefined;
  }
  // Checked by the line above.
  return text as Digest;
}

function manifestRequest(access: Access, reference: string, options: GetManifestOptions): WireRequest {
  const { target, scopes } = access;
  if (reference.includes(":")) digestAlgorithm(reference);
  return {
    what: `manifest ${formatName(target, reference)}`,
    target,
    method: "GET",
    url: manifestUrl(target, reference),
    scopes,
    headers: { accept: options.accept?.join(", ") ?? MANIFEST_ACCEPT_FIELD },
    signal: options.signal,
  };
}

function readManifest(
  { wire }: Access,
  request: WireRequest,
  ...statuses: readonly number[]
): Promise<{ readonly response: TransportResponse; readonly bytes: Uint8Array }> {
  return wire.read(request, { bytes: wire.limits.manifestBytes, option: "manifestBytes" }, ...statuses);
}

function toManifest(
  { what, target }: WireRequest,
  response: TransportResponse,
  bytes: Uint8Array,
  reference: string,
  maxBytes: number,
): Manifest {
  try {
    return {
      ...verifyManifest(readManifestFields(response), bytes, reference, maxBytes),
      etag: response.headers.get("etag"),
    };
  } catch (error) {
    const place = { registry: target.registry, repository: target.repository, status: response.status };
    if (isRegistryError(error)) throw new RegistryError(error.code, `${what}: ${error.message}`, place);
    if (!isContentError(error)) throw error;
    const code = error.code === "UNSUPPORTED" || error.code === "SIZE_EXCEEDED" ? error.code : "PROTOCOL";
    throw new RegistryError(code, `${what}: ${error.message}`, { ...place, cause: error });
  }
}

function isSignedSchema1(contentType: string | undefined): boolean {
  return contentType !== undefined && essenceOf(contentType) === MEDIA_TYPES.dockerSchema1Signed;
}

function sameAlgorithm(a: Digest, b: Digest): boolean {
  return digestAlgorithm(a) === digestAlgorithm(b);
}
