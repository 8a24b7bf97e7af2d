import type { ManifestReader } from "../copy/manifest-reader.ts";
import type { Descriptor } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import { isIndexType, isManifestType } from "../media-types.ts";
import type { ParsedImage, ParsedIndex } from "../parse-manifest.ts";
import { isAttestation } from "../platform.ts";
import type { Overlay } from "./overlay.ts";

/** A document as `JSON.parse` gave it: what nobody knows is kept when it is written again. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface MapImages {
  /** Makes another image of one; the same descriptor back leaves it as it is. */
  image(parsed: ParsedImage): Promise<Descriptor>;
  /** Changes an index, beyond its entries. Default: nothing. */
  index?(document: JsonObject, mediaType: string): JsonObject;
  /** Whether an attestation can go along with what was made of its image. Default true. */
  readonly attestations?: boolean;
  /** Hears of entries that were left out. */
  onDropped?(entry: Descriptor): void;
}

/**
 * Changes every image below a descriptor, and the indexes that name them. Entries keep their platform and
 * annotations; attestations are pointed at the new digests.
 */
export async function mapImages(
  overlay: Overlay,
  reader: ManifestReader,
  root: Descriptor,
  map: MapImages,
): Promise<Descriptor> {
  const seen = new Map<string, Descriptor>();

  const mapOne = async (descriptor: Descriptor, depth: number): Promise<Descriptor> => {
    if (depth > LIMITS.graphDepth) {
      throw new ContentError(
        "INVALID",
        `${descriptor.digest} lies more than ${LIMITS.graphDepth} levels deep.`,
      );
    }
    const known = seen.get(descriptor.digest);
    if (known !== undefined) return known;
    const parsed = await reader.read(descriptor);
    const made =
      parsed.kind === "image"
        ? await map.image(parsed)
        : parsed.kind === "index"
          ? await mapIndex(parsed, depth)
          : parsed.descriptor;
    seen.set(descriptor.digest, made);
    return made;
  };

  const mapIndex = async (index: ParsedIndex, depth: number): Promise<Descriptor> => {
    const document = rawDocument(index.bytes);
    // parseManifest has seen that these are one list, of objects.
    const raws = (document["manifests"] ?? []) as readonly JsonObject[];
    const made = await Promise.all(
      index.document.manifests.map(async (entry, i) => {
        const isLeft = isAttestation(entry) || !isManifestType(entry.mediaType);
        return { entry, raw: raws[i] ?? {}, now: isLeft ? entry : await mapOne(entry, depth + 1) };
      }),
    );
    const renamed = new Map<string, string>(made.map(({ entry, now }) => [entry.digest, now.digest]));
    const kept = made.filter(({ entry }) => map.attestations !== false || !isAttestation(entry));
    for (const entry of made) if (!kept.includes(entry)) map.onDropped?.(entry.entry);
    const manifests = kept.map(({ entry, raw, now }) => {
      if (isAttestation(entry)) return withSubject(raw, entry, renamed);
      const { mediaType, digest, size } = now;
      if (digest === entry.digest && mediaType === entry.mediaType) return raw;
      const { data: _, ...rest } = raw;
      return { ...rest, mediaType, digest, size };
    });
    const changed: JsonObject = { ...document, manifests };
    const final = map.index?.(changed, index.mediaType) ?? changed;
    if (JSON.stringify(final) === JSON.stringify(document)) return index.descriptor;
    const mediaType = typeof final["mediaType"] === "string" ? final["mediaType"] : index.mediaType;
    return overlay.addJson(isIndexType(mediaType) ? mediaType : index.mediaType, final);
  };

  return mapOne(root, 0);
}

/** BuildKit's name for the manifest that an attestation is about. */
const ABOUT = "vnd.docker.reference.digest";

function withSubject(raw: JsonObject, entry: Descriptor, renamed: ReadonlyMap<string, string>): JsonObject {
  const about = entry.annotations?.[ABOUT];
  const now = about === undefined ? undefined : renamed.get(about);
  return now === undefined || now === about
    ? raw
    : { ...raw, annotations: { ...entry.annotations, [ABOUT]: now } };
}

/** A document that has been parsed before, once more as it is. */
export function rawDocument(bytes: Uint8Array): JsonObject {
  // parseManifest and parseImageConfig let nothing through that is no object.
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
}
