import { createManifestReader } from "../copy/manifest-reader.ts";
import { createScheduler } from "../copy/scheduler.ts";
import type { Descriptor, Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import { isManifestType, MEDIA_TYPES } from "../media-types.ts";
import { type ParsedManifest, successors } from "../parse-manifest.ts";
import { formatPlatform, isAttestation, normalisePlatform, parsePlatform } from "../platform.ts";
import type { ContentSource, StoreOptions } from "../store.ts";
import type { ImageFormat } from "./convert-image.ts";
import { isImageConfigType, loadConfig, platformOf } from "./image-config.ts";
import { createOverlay, type MadeContent, type Overlay } from "./overlay.ts";

/** One thing to be named by an index. */
export interface IndexInput {
  readonly source: ContentSource;
  /** An image, or an index whose entries are all taken over. */
  readonly ref: string;
  /** Default: what the image's configuration says. */
  readonly platform?: Platform | string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** How {@link buildIndex} makes its index. */
export interface BuildIndexOptions extends StoreOptions {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly artifactType?: string | undefined;
  /** Default `oci`. The entries stay what they are: convert them, where they are to be of that format too. */
  readonly format?: ImageFormat | undefined;
  /**
   * Takes the platforms of this index along that the inputs do not have, so that builds for single platforms can be
   * put together one after another.
   */
  readonly mergeInto?: { readonly source: ContentSource; readonly ref: string } | undefined;
}

/**
 * Makes an index of images. Nothing is written: copy what comes back, and the images come along from where they are.
 *
 * @throws {@link ContentError} `INVALID` where two inputs are for one platform; whatever the sources throw.
 *
 * @example
 * ```ts
 * import { buildIndex, type ContentTarget, copy } from "@reg/content";
 * async function combine(store: ContentTarget): Promise<void> {
 *   const inputs = ["v1-amd64", "v1-arm64"].map((ref) => ({ source: store, ref }));
 *   const made = await buildIndex(inputs);
 *   await copy(made.source, made.descriptor.digest, store, "v1");
 * }
 * ```
 */
export async function buildIndex(
  inputs: readonly IndexInput[],
  options: BuildIndexOptions = {},
): Promise<MadeContent> {
  const { annotations, artifactType, format = "oci", mergeInto, signal } = options;
  const base = inputs[0]?.source ?? mergeInto?.source;
  const overlay = createOverlay(base);
  const entries: Descriptor[] = [];
  for (const input of inputs) {
    for (const entry of await entriesOf(overlay, base, input, signal)) addEntry(entries, entry);
  }
  const taken = new Set(entries.flatMap((entry) => platformKey(entry) ?? []));
  const kept: Descriptor[] = [];
  if (mergeInto !== undefined) {
    for (const entry of await entriesOf(overlay, base, mergeInto, signal)) {
      const key = platformKey(entry);
      const isSame = entries.some(({ digest }) => digest === entry.digest);
      if (!isSame && (key === undefined || !taken.has(key))) kept.push(entry);
    }
  }
  const manifests = withoutOrphans([...kept, ...entries]);
  const mediaType = format === "oci" ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.dockerManifestList;
  const descriptor = overlay.addJson(mediaType, {
    schemaVersion: 2,
    mediaType,
    ...(artifactType === undefined ? {} : { artifactType }),
    manifests,
    ...(annotations === undefined ? {} : { annotations }),
  });
  return { source: overlay, descriptor };
}

/** BuildKit's name for the manifest that an attestation is about. */
const ABOUT = "vnd.docker.reference.digest";

async function entriesOf(
  overlay: Overlay,
  base: ContentSource | undefined,
  input: IndexInput,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[]> {
  const reader = createManifestReader(input.source, { scheduler: createScheduler(), signal });
  const { descriptor, parsed } = await reader.resolve(input.ref);
  const own = async (manifest: ParsedManifest): Promise<void> => {
    // What is below it has to come from where it is, also when two stores are put together.
    overlay.from(manifest.descriptor, input.source);
    for (const child of successors(manifest)) {
      if (isManifestType(child.mediaType)) await own(await reader.read(child));
      else overlay.from(child, input.source);
    }
  };
  if (parsed === undefined)
    throw new ContentError("INVALID", `${input.ref} is a blob: an index names manifests.`);
  if (input.source !== base) await own(parsed);
  if (parsed.kind === "index") return parsed.document.manifests;
  const platform = await platformFor(input, parsed, signal);
  const { mediaType, digest, size } = descriptor;
  return [
    {
      mediaType,
      digest,
      size,
      ...(input.annotations === undefined ? {} : { annotations: input.annotations }),
      ...(platform === undefined ? {} : { platform }),
    },
  ];
}

async function platformFor(
  { source, platform }: IndexInput,
  parsed: ParsedManifest,
  signal: AbortSignal | undefined,
): Promise<Platform | undefined> {
  if (typeof platform === "string") return parsePlatform(platform);
  if (platform !== undefined) return normalisePlatform(platform);
  if (parsed.kind !== "image") return undefined;
  if (!isImageConfigType(parsed.document.config.mediaType)) return undefined;
  return platformOf((await loadConfig(source, parsed, signal)).config);
}

function addEntry(entries: Descriptor[], entry: Descriptor): void {
  if (entries.some(({ digest }) => digest === entry.digest)) return;
  const key = platformKey(entry);
  const other = key === undefined ? undefined : entries.find((candidate) => platformKey(candidate) === key);
  if (other !== undefined && entry.platform !== undefined) {
    throw new ContentError(
      "INVALID",
      `Two images are for ${formatPlatform(entry.platform)}: ${other.digest} and ${entry.digest}.`,
    );
  }
  entries.push(entry);
}

function platformKey(entry: Descriptor): string | undefined {
  if (entry.platform === undefined || isAttestation(entry)) return undefined;
  const { os, architecture, variant, ...rest } = normalisePlatform(entry.platform);
  return JSON.stringify([os, architecture, variant, rest["os.version"], rest["os.features"]]);
}

/** Attestations about images that are not in the index any more go with them. */
function withoutOrphans(entries: readonly Descriptor[]): readonly Descriptor[] {
  const digests = new Set<string>(entries.map(({ digest }) => digest));
  return entries.filter((entry) => {
    const about = entry.annotations?.[ABOUT];
    return !isAttestation(entry) || about === undefined || digests.has(about);
  });
}
