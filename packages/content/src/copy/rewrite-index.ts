import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { encodeJson, parseJson } from "../json.ts";
import { isIndexType } from "../media-types.ts";
import { type ParsedIndex, type ParsedManifest, parseIndex, successors } from "../parse-manifest.ts";
import { formatPlatform, isAttestation, matchesPlatform, selectPlatform } from "../platform.ts";
import { quote } from "../quote.ts";
import { descriptorSchema, readAs } from "../schemas.ts";

/** How the manifests that an index names are read. */
export type ReadManifest = (descriptor: Descriptor) => Promise<ParsedManifest>;

/** The part of an index that a selection of platforms leaves. */
export interface IndexSubset {
  /** The digests of the entries wanted, attestations about them among them, at every level of the original. */
  readonly keep: ReadonlySet<string>;
  /** The index with those entries alone. */
  readonly rewritten: ParsedIndex;
  /** Rewritten indexes that `rewritten` names. */
  readonly nested: readonly ParsedIndex[];
}

/**
 * Picks the image for one platform out of an index, looking into indexes inside it; code `NOT_FOUND`, with the
 * platforms there are.
 */
export async function pickPlatform(
  index: ParsedIndex,
  wanted: Platform,
  read: ReadManifest,
): Promise<Descriptor> {
  const found = await findPlatform(index, wanted, read, 0);
  if (found !== undefined) return found;
  throw noSuchPlatform(index, wanted);
}

/** Cuts an index down to platforms; code `NOT_FOUND` where one of them is not in it. */
export async function subsetIndex(
  index: ParsedIndex,
  wanted: readonly Platform[],
  read: ReadManifest,
): Promise<IndexSubset> {
  const found = new Set<Platform>();
  const subset = await cut(index, { wanted, read, found }, 0);
  for (const platform of wanted) if (!found.has(platform)) throw noSuchPlatform(index, platform);
  return subset;
}

/** Indexes inside indexes are rare, and two levels of them unheard of. */
const MAX_NESTED = 8;

/** BuildKit's name for the manifest an attestation is about. */
const ABOUT = "vnd.docker.reference.digest";

async function findPlatform(
  index: ParsedIndex,
  wanted: Platform,
  read: ReadManifest,
  depth: number,
): Promise<Descriptor | undefined> {
  const { manifests } = index.document;
  const direct = selectPlatform(manifests, wanted);
  if (direct !== undefined && !isIndexType(direct.mediaType)) return direct;
  const inner = direct === undefined ? manifests.filter(isNested) : [direct];
  if (depth >= MAX_NESTED) return undefined;
  for (const entry of inner) {
    const nested = await read(entry);
    const found = nested.kind === "index" ? await findPlatform(nested, wanted, read, depth + 1) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

interface Cutting {
  readonly wanted: readonly Platform[];
  readonly read: ReadManifest;
  /** The platforms met so far. */
  readonly found: Set<Platform>;
}

async function cut(index: ParsedIndex, cutting: Cutting, depth: number): Promise<IndexSubset> {
  const { wanted, read, found } = cutting;
  // The bytes are read once more as they are, so that fields nobody knows, nulls among them, stay in the new index.
  // parseIndex has seen before that manifests is a list of objects.
  const document = parseJson(index.bytes, "index") as { readonly manifests?: readonly object[] | null };
  const kept: { readonly raw: object; readonly entry: Descriptor }[] = [];
  const nested: ParsedIndex[] = [];
  const keep = new Set<string>();
  for (const raw of document.manifests ?? []) {
    const entry = readAs(descriptorSchema, raw, "entry of the index");
    const matches = wanted.filter((platform) => entry.platform && matchesPlatform(entry.platform, platform));
    for (const platform of matches) found.add(platform);
    if (matches.length > 0 || isAttestation(entry)) {
      kept.push({ raw, entry });
    } else if (isNested(entry) && depth < MAX_NESTED) {
      const inner = await read(entry);
      const part = inner.kind === "index" ? await cut(inner, cutting, depth + 1) : undefined;
      if (part === undefined || part.keep.size === 0) continue;
      for (const digest of part.keep) keep.add(digest);
      keep.add(entry.digest);
      const isSame =
        part.rewritten.document.manifests.length === successors(inner).length && part.nested.length === 0;
      const { digest, size } = isSame ? entry : part.rewritten.descriptor;
      if (!isSame) nested.push(...part.nested, part.rewritten);
      kept.push({ raw: { ...raw, digest, size }, entry });
    }
  }
  const images = new Set(kept.flatMap(({ entry }) => (isAttestation(entry) ? [] : [entry.digest as string])));
  const chosen = kept.filter(
    ({ entry }) => !isAttestation(entry) || images.has(entry.annotations?.[ABOUT] ?? ""),
  );
  for (const { entry } of chosen) keep.add(entry.digest);
  const bytes = encodeJson({ ...document, manifests: chosen.map(({ raw }) => raw) });
  return { keep, rewritten: parseIndex(bytes, index.mediaType), nested };
}

function isNested({ mediaType, platform }: Descriptor): boolean {
  return isIndexType(mediaType) && platform === undefined;
}

function noSuchPlatform(index: ParsedIndex, wanted: Platform): ContentError {
  const there = index.document.manifests.flatMap((entry) =>
    entry.platform === undefined || isAttestation(entry) ? [] : [formatPlatform(entry.platform)],
  );
  return new ContentError(
    "NOT_FOUND",
    `The index ${index.descriptor.digest} has no image for ${quote(formatPlatform(wanted))}; it has ${
      there.length === 0 ? "none with a platform" : quote([...new Set(there)].join(", "), 500)
    }.`,
  );
}
