import type { Descriptor } from "./descriptor.ts";
import { ContentError } from "./errors.ts";
import { type DigestAlgorithm, digestOf } from "./hasher.ts";
import { parseJson } from "./json.ts";
import { LIMITS } from "./limits.ts";
import { essenceOf, isManifestType, MEDIA_TYPES } from "./media-types.ts";
import { quote } from "./quote.ts";
import {
  type ArtifactManifest,
  artifactSchema,
  configSchema,
  type ImageConfig,
  type ImageIndex,
  type ImageManifest,
  indexSchema,
  type Loose,
  manifestSchema,
  readAs,
} from "./schemas.ts";

interface Parsed<Kind extends string, Document> {
  readonly kind: Kind;
  readonly mediaType: string;
  readonly descriptor: Descriptor;
  /** As they came: these are what is stored and copied. */
  readonly bytes: Uint8Array;
  readonly document: Loose<Document>;
}

/** An image manifest (image-spec, manifest.md), and the bytes it came as. */
export type ParsedImage = Parsed<"image", ImageManifest>;
/** An index (image-spec, image-index.md) or manifest list, and the bytes it came as. */
export type ParsedIndex = Parsed<"index", ImageIndex>;
/** An artifact manifest as image-spec 1.1 release candidates had it, and the bytes it came as. */
export type ParsedArtifact = Parsed<"artifact", ArtifactManifest>;
/** Docker's first manifest format. Recognised, so that it can be refused by name: registries have dropped it. */
export type ParsedSchema1 = Parsed<"schema1", object>;

/** A manifest: its bytes as they came, and what they say. */
export type ParsedManifest = ParsedImage | ParsedIndex | ParsedArtifact | ParsedSchema1;

/** How {@link parseManifest} hashes, and how much it takes. */
export interface ParseManifestOptions {
  /** The algorithm of the descriptor's digest. Default sha256. */
  readonly algorithm?: DigestAlgorithm | undefined;
  /** Default 4 MiB; a few registries take more. */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads a manifest or index. The media type is the one given (parameters are ignored); where none is given, or one
 * that says nothing (`application/json`, `text/plain`, `application/octet-stream`), the document's own `mediaType`
 * decides, and else its fields do.
 *
 * @param mediaType - The `Content-Type` the bytes came with, or the type of their descriptor.
 * @throws {@link ContentError} `INVALID`: not JSON, nested too deep, fields that are wrong, a `mediaType` that differs
 * from the type given, `manifests` beside `layers` (image-spec, manifest.md; CVE-2021-41190); `SIZE_EXCEEDED`: larger
 * than 4 MiB; `UNSUPPORTED`: a type that is no manifest's.
 *
 * @example
 * ```ts
 * import { parseManifest } from "@reg/content";
 * const bytes = new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}');
 * const parsed = parseManifest(bytes);
 * if (parsed.kind === "index") console.log(parsed.document.manifests.length, parsed.descriptor.digest);
 * ```
 */
export function parseManifest(
  bytes: Uint8Array,
  mediaType?: string,
  options: ParseManifestOptions = {},
): ParsedManifest {
  const { algorithm, maxBytes = LIMITS.manifestBytes } = options;
  if (bytes.byteLength > maxBytes) {
    throw new ContentError("SIZE_EXCEEDED", `A manifest has at most ${maxBytes} bytes.`);
  }
  const value = parseJson(bytes, "manifest");
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ContentError("INVALID", "The manifest is not a JSON object.");
  }
  // An object it is; what its fields are is looked at one by one.
  const fields = value as Readonly<Record<string, unknown>>;
  const type = typeOf(fields, mediaType);
  assertUnambiguous(fields, type);
  const descriptor: Descriptor = {
    mediaType: type,
    digest: digestOf(bytes, algorithm),
    size: bytes.byteLength,
  };
  const common = { mediaType: type, descriptor, bytes };
  switch (type) {
    case MEDIA_TYPES.ociManifest:
    case MEDIA_TYPES.dockerManifest:
      return { kind: "image", ...common, document: readAs(manifestSchema, fields, "manifest") };
    case MEDIA_TYPES.ociIndex:
    case MEDIA_TYPES.dockerManifestList:
      return { kind: "index", ...common, document: readAs(indexSchema, fields, "index") };
    case MEDIA_TYPES.ociArtifact:
      return { kind: "artifact", ...common, document: readAs(artifactSchema, fields, "artifact manifest") };
    default:
      return { kind: "schema1", ...common, document: fields };
  }
}

/** Reads an index; code `INVALID` where it is another kind of manifest. Otherwise as {@link parseManifest}. */
export function parseIndex(bytes: Uint8Array, mediaType?: string): ParsedIndex {
  const parsed = parseManifest(bytes, mediaType);
  if (parsed.kind === "index") return parsed;
  throw new ContentError("INVALID", `This is not an index but has the type ${parsed.mediaType}.`);
}

/** Reads the configuration of an image: `INVALID`, `SIZE_EXCEEDED`. */
export function parseImageConfig(bytes: Uint8Array): Loose<ImageConfig> {
  if (bytes.byteLength > LIMITS.configBytes) {
    throw new ContentError(
      "SIZE_EXCEEDED",
      `An image configuration has at most ${LIMITS.configBytes} bytes.`,
    );
  }
  return readAs(configSchema, parseJson(bytes, "image configuration"), "image configuration");
}

/**
 * What a manifest needs to be whole: its configuration and layers, or its manifests. Not its subject, which may be
 * missing (distribution-spec, "Pushing Manifests with Subject").
 */
export function successors(parsed: ParsedManifest): readonly Descriptor[] {
  switch (parsed.kind) {
    case "image":
      return [parsed.document.config, ...parsed.document.layers];
    case "index":
      return parsed.document.manifests;
    case "artifact":
      return parsed.document.blobs;
    case "schema1":
      return [];
  }
}

/** The manifest this one is about, where it is a referrer. */
export function subjectOf(parsed: ParsedManifest): Descriptor | undefined {
  return parsed.kind === "schema1" ? undefined : parsed.document.subject;
}

/**
 * The type of artifact that a listing of referrers shows: the manifest's own, or else the type of its configuration
 * (distribution-spec, "Listing Referrers").
 */
export function artifactTypeOf(parsed: ParsedManifest): string | undefined {
  if (parsed.kind === "schema1") return undefined;
  const { artifactType } = parsed.document;
  if (artifactType !== undefined && artifactType !== "") return artifactType;
  return parsed.kind === "image" ? parsed.document.config.mediaType : undefined;
}

/** Types that servers put on everything, and that therefore say nothing. */
const VAGUE_TYPES: ReadonlySet<string> = new Set([
  "",
  "application/json",
  "text/plain",
  "application/octet-stream",
]);

function typeOf(fields: Readonly<Record<string, unknown>>, given: string | undefined): string {
  const outer = given === undefined ? "" : essenceOf(given);
  const inner = fields["mediaType"];
  if (inner !== undefined && inner !== null && typeof inner !== "string") {
    throw new ContentError("INVALID", "The manifest's mediaType is not a string.");
  }
  const named = inner === undefined || inner === null ? "" : inner;
  if (!VAGUE_TYPES.has(outer)) {
    if (!isManifestType(outer)) {
      throw new ContentError("UNSUPPORTED", `${quote(outer)} is not the type of a manifest.`);
    }
    // A v1 manifest has no mediaType; whatever stands there is not its type.
    if (named !== "" && named !== outer && !isSchema1(outer)) {
      throw new ContentError(
        "INVALID",
        `The manifest calls itself ${quote(named)} but came as ${quote(outer)} (distribution-spec, "Pulling manifests").`,
      );
    }
    return outer;
  }
  if (named !== "") {
    if (isManifestType(named)) return named;
    throw new ContentError("UNSUPPORTED", `${quote(named)} is not the type of a manifest.`);
  }
  return guess(fields);
}

function guess(fields: Readonly<Record<string, unknown>>): string {
  if ("manifests" in fields) return MEDIA_TYPES.ociIndex;
  if ("layers" in fields || "config" in fields) return MEDIA_TYPES.ociManifest;
  if ("fsLayers" in fields)
    return "signatures" in fields ? MEDIA_TYPES.dockerSchema1Signed : MEDIA_TYPES.dockerSchema1;
  throw new ContentError("INVALID", "The document is no manifest: it has neither layers nor manifests.");
}

/** A document that two readers could take for two things is refused (CVE-2021-41190). */
function assertUnambiguous(fields: Readonly<Record<string, unknown>>, type: string): void {
  const has = (name: string): boolean => fields[name] !== undefined && fields[name] !== null;
  const image = has("layers") || has("config");
  const index = has("manifests");
  const schema1 = has("fsLayers") || has("history");
  const clash =
    (image && index) ||
    (schema1 && (image || index)) ||
    (index && (type === MEDIA_TYPES.ociManifest || type === MEDIA_TYPES.dockerManifest)) ||
    (image && (type === MEDIA_TYPES.ociIndex || type === MEDIA_TYPES.dockerManifestList));
  if (clash) {
    throw new ContentError(
      "INVALID",
      "The manifest is ambiguous: it has the fields of an image and of an index, or of another format, at once.",
    );
  }
}

function isSchema1(type: string): boolean {
  return type === MEDIA_TYPES.dockerSchema1 || type === MEDIA_TYPES.dockerSchema1Signed;
}
