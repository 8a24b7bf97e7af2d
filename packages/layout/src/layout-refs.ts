import { ContentError, type Descriptor } from "@reg/content";
import { REF_NAME } from "./layout-index.ts";

/**
 * The entry of `index.json` that a tag names: by the annotation of image-spec, or by the full name that containerd and
 * Docker add. Code `NOT_FOUND`; `INVALID` where the tag names several images.
 */
export function findTag(manifests: readonly Descriptor[], ref: string, where: string): Descriptor {
  const named = manifests.filter(
    ({ annotations }) => annotations?.[REF_NAME] === ref || annotations?.[IMAGE_NAME] === ref,
  );
  const [first] = named;
  if (first === undefined) {
    throw new ContentError("NOT_FOUND", `${where} has no tag ${quote(ref)}.`);
  }
  if (named.some(({ digest }) => digest !== first.digest)) {
    const digests = [...new Set(named.map(({ digest }) => digest))].join(", ");
    throw new ContentError(
      "INVALID",
      `${where} has several images called ${quote(ref)}; name one by its digest: ${digests}.`,
    );
  }
  return bare(first);
}

/**
 * The entries with a manifest named by tags, or only entered where there are none. The same array where nothing
 * changes. A tag moves from whatever had it.
 */
export function withTags(
  manifests: readonly Descriptor[],
  descriptor: Descriptor,
  refs: readonly string[],
): readonly Descriptor[] {
  let entries = manifests;
  for (const ref of refs) {
    const holders = entries.filter(({ annotations }) => annotations?.[REF_NAME] === ref);
    if (holders.length === 1 && holders[0]?.digest === descriptor.digest) continue;
    const annotations = { [REF_NAME]: ref };
    entries = [
      ...entries.filter(
        (entry) => !holders.includes(entry) && !(entry.digest === descriptor.digest && isUntagged(entry)),
      ),
      { ...bare(descriptor), annotations },
    ];
  }
  if (refs.length > 0 || entries.some(({ digest }) => digest === descriptor.digest)) return entries;
  return [...entries, bare(descriptor)];
}

/** The entries without a tag; code `NOT_FOUND`. */
export function withoutTag(
  manifests: readonly Descriptor[],
  ref: string,
  where: string,
): readonly Descriptor[] {
  const rest = manifests.filter(({ annotations }) => annotations?.[REF_NAME] !== ref);
  if (rest.length === manifests.length)
    throw new ContentError("NOT_FOUND", `${where} has no tag ${quote(ref)}.`);
  return rest;
}

/** Every tag once, in the order of the entries. */
export function tagsOf(manifests: readonly Descriptor[]): readonly string[] {
  const tags = new Set<string>();
  for (const { annotations } of manifests) {
    const tag = annotations?.[REF_NAME];
    if (tag !== undefined) tags.add(tag);
  }
  return [...tags];
}

/** Refuses a name that could not be shown, typed or written into an annotation: code `INVALID`. */
export function assertTag(ref: string): void {
  if (ref.length === 0 || ref.length > LONGEST_TAG_CHARACTERS) {
    throw new ContentError("INVALID", `A tag has 1 to ${LONGEST_TAG_CHARACTERS} characters.`);
  }
  for (let i = 0; i < ref.length; i += 1) {
    const code = ref.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) {
      throw new ContentError(
        "INVALID",
        `The tag ${quote(ref)} has a blank or a character outside ASCII at offset ${i}.`,
      );
    }
  }
}

/** What a descriptor says of the content itself, without what an index said about it. */
export function bare({ mediaType, digest, size, artifactType, platform }: Descriptor): Descriptor {
  return {
    mediaType,
    digest,
    size,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Where containerd and Docker put the full name of an image; {@link REF_NAME} holds the tag alone then. */
export const IMAGE_NAME = "io.containerd.image.name";

/** A full reference fits: 255 characters of name, 128 of tag, and a digest. */
const LONGEST_TAG_CHARACTERS = 512;

function isUntagged({ annotations }: Descriptor): boolean {
  return annotations?.[REF_NAME] === undefined;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}...` : text);
}
