import {
  artifactTypeOf,
  type Descriptor,
  digestAlgorithm,
  isContentError,
  isIndexType,
  isManifestType,
  parseIndex,
  parseManifest,
  type StoreOptions,
  subjectOf,
  verifyBytes,
} from "@reg/content";
import { tagsOf } from "./layout-refs.ts";

/** What a manifest says of its subject; `undefined` where it has none. */
export type Referrer = { readonly subject: string; readonly entry: Descriptor } | undefined;

/** Where the manifests are that may be referrers. */
export interface ReferrerSource {
  /** The entries of `index.json`. */
  readonly manifests: readonly Descriptor[];
  /** Answers by digest: content does not change. */
  readonly cache: Map<string, Referrer>;
  read(descriptor: Descriptor): Promise<Uint8Array>;
}

/**
 * Manifests with this subject: those entered in `index.json`, and those listed under the tag that stands in for the
 * referrers API (distribution-spec, "Referrers Tag Schema").
 */
export async function* listReferrers(
  source: ReferrerSource,
  digest: string,
  options: StoreOptions & { readonly artifactType?: string | undefined } = {},
): AsyncGenerator<Descriptor, void, undefined> {
  const seen = new Set<string>();
  for (const entry of [...source.manifests, ...(await taggedReferrers(source, digest))]) {
    options.signal?.throwIfAborted();
    if (seen.has(entry.digest) || !isManifestType(entry.mediaType)) continue;
    seen.add(entry.digest);
    const referrer = await readReferrer(source, entry);
    if (referrer?.subject !== digest) continue;
    const { artifactType } = options;
    if (artifactType === undefined || artifactType === referrer.entry.artifactType) yield referrer.entry;
  }
}

async function taggedReferrers(source: ReferrerSource, digest: string): Promise<readonly Descriptor[]> {
  const algorithm = digestAlgorithm(digest);
  const tag = `${algorithm}-${digest.slice(algorithm.length + 1)}`;
  const index = source.manifests.find(
    (entry) => isIndexType(entry.mediaType) && tagsOf([entry]).includes(tag),
  );
  if (index === undefined) return [];
  return parseIndex(await source.read(index), index.mediaType).document.manifests;
}

async function readReferrer(source: ReferrerSource, entry: Descriptor): Promise<Referrer> {
  if (source.cache.has(entry.digest)) return source.cache.get(entry.digest);
  let bytes: Uint8Array;
  try {
    bytes = await source.read(entry);
    verifyBytes(entry, bytes);
  } catch (error) {
    // A layout need not have every blob it names (image-spec, image-layout.md), and a wrong one is no referrer.
    if (isContentError(error) && error.code !== "STORAGE") return undefined;
    throw error;
  }
  const referrer = referrerOf(entry, bytes);
  source.cache.set(entry.digest, referrer);
  return referrer;
}

function referrerOf({ mediaType, digest, size }: Descriptor, bytes: Uint8Array): Referrer {
  let manifest: ReturnType<typeof parseManifest>;
  try {
    manifest = parseManifest(bytes, mediaType);
  } catch {
    return undefined;
  }
  const subject = subjectOf(manifest);
  if (subject === undefined || manifest.kind === "schema1") return undefined;
  const artifactType = artifactTypeOf(manifest);
  const { annotations } = manifest.document;
  const optional = {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return { subject: subject.digest, entry: { mediaType, digest, size, ...optional } };
}
