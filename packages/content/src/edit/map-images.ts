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
    const renamed = new Map<string, string>();
    const made: { readonly raw: JsonObject; readonly entry: Descriptor; readonly attests: boolean }[] = [];
    for (const [i, entry] of index.document.manifests.entries()) {
      const attests = isAttestation(entry);
      if (attests && map.attestations === false) {
        map.onDropped?.(entry);
        continue;
      }
      const raw = raws[i] ?? {};
      const isLeft = attests || !isManifestType(entry.mediaType);
      const { mediaType, digest, size } = isLeft ? entry : await mapOne(entry, depth + 1);
      if (!isLeft) renamed.set(entry.digest, digest);
      const isSame = digest === entry.digest && mediaType === entry.mediaType;
      const { data: _, ...rest } = raw;
      made.push({ raw: isSame ? raw : { ...rest, mediaType, digest, size }, entry, attests });
    }
    const manifests = made.map(({ raw, entry, attests }) => {
      const about = entry.annotations?.[ABOUT];
      const now = attests && about !== undefined ? renamed.get(about) : undefined;
      return now === undefined ? raw : { ...raw, annotations: { ...entry.annotations, [ABOUT]: now } };
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

/** A document that has been parsed before, once more as it is. */
export function rawDocument(bytes: Uint8Array): JsonObject {
  // parseManifest and parseImageConfig let nothing through that is no object.
  return JSON.parse(new TextDecoder().decode(bytes)) as JsonObject;
}
