import {
  artifactTypeOf,
  type ImageConfig as ConfigDocument,
  type Descriptor,
  formatPlatform,
  type HistoryEntry,
  isAttestation,
  isContentError,
  isForeignLayerType,
  isIndexType,
  type Loose,
  MEDIA_TYPES,
  normalisePlatform,
  type ParsedImage,
  type ParsedManifest,
  type Platform,
  parseImageConfig,
  parsePlatform,
  selectPlatform,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { type Access, accessTo, formatName, referenceOf } from "./access.ts";
import { BlobDownload } from "./blob-download.ts";
import { RegistryError } from "./errors.ts";
import { inOrder } from "./in-order.ts";
import { getManifest } from "./manifest-read.ts";
import type { CallOptions, Ref } from "./options.ts";
import type { Wire } from "./wire.ts";

export interface ImageOptions extends CallOptions {
  /** `linux/arm64/v8`, or its parts. Default: `linux/amd64` where an index offers a choice. */
  readonly platform?: string | Platform | undefined;
}

export interface InspectOptions extends ImageOptions {
  /** The bytes of every platform as well: a request for each manifest of an index that is not read anyway. Default false. */
  readonly sizes?: boolean | undefined;
}

/** What an image's config says (image-spec, config.md); unknown members are kept in `document`. */
export interface ImageConfig {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly document: Loose<ConfigDocument>;
  readonly platform: Platform;
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly history: readonly HistoryEntry[];
}

/** One platform an image is there for. */
export interface ImagePlatform {
  readonly platform: Platform;
  readonly descriptor: Descriptor;
}

/** Compressed bytes, as they lie in the registry; content that occurs twice is counted once. */
export interface ImageSize {
  readonly bytes: number;
  readonly platforms: readonly { readonly platform: Platform; readonly bytes: number }[];
}

export interface ImageInspection {
  readonly reference: string;
  /** Of what the reference names: the index where there is one. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the chosen image: manifest, config and layers. */
  readonly size: number;
  /** What kind of artifact it is, where it is no image to be run: then it has no platform, time or labels either. */
  readonly artifactType: string | undefined;
  readonly platform: Platform | undefined;
  readonly created: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly layers: readonly Descriptor[];
  /** How it was made, oldest step first, as its config tells (image-spec, config.md, `history`). */
  readonly history: readonly HistoryEntry[];
  /** Of the index; of the image alone where there is none. */
  readonly platforms: readonly Platform[];
  /** Over all platforms. `undefined` for an index, unless it was asked for (option `sizes`). */
  readonly sizes: ImageSize | undefined;
}

/**
 * Images as people think of them: what a reference names on one platform. `NOT_FOUND` where there is none for it, with
 * the platforms there are; `UNSUPPORTED` for an artifact that is no image.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * const { created, labels } = await client.images.config("docker.io/library/alpine:3", { platform: "linux/arm64" });
 * console.log(created, labels);
 * ```
 */
export interface Images {
  /** The manifest of the image for a platform. */
  resolve(ref: Ref, options?: ImageOptions): Promise<Descriptor>;
  config(ref: Ref, options?: ImageOptions): Promise<ImageConfig>;
  platforms(ref: Ref, options?: CallOptions): Promise<readonly ImagePlatform[]>;
  /** Of every platform, or of one where `platform` is given. */
  size(ref: Ref, options?: ImageOptions): Promise<ImageSize>;
  /** Everything at once, in the fewest requests. */
  inspect(ref: Ref, options?: InspectOptions): Promise<ImageInspection>;
}

export class RegistryImages implements Images {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  async resolve(ref: Ref, options: ImageOptions = {}): Promise<Descriptor> {
    return (await this.#image(ref, options)).image.descriptor;
  }

  async config(ref: Ref, options: ImageOptions = {}): Promise<ImageConfig> {
    const { access, image } = await this.#image(ref, options);
    return readConfig(access, image, options);
  }

  async platforms(ref: Ref, options: CallOptions = {}): Promise<readonly ImagePlatform[]> {
    const access = accessTo(this.#wire, ref, "pull");
    const root = await getManifest(access, referenceOf(access.target), options);
    if (root.kind === "index") return platformsIn(await flatten(access, root, options));
    const image = asImage(access, root);
    // An artifact runs nowhere.
    if (!hasImageConfig(image)) return [];
    const { platform } = await readConfig(access, image, options);
    return [{ platform, descriptor: image.descriptor }];
  }

  async size(ref: Ref, options: ImageOptions = {}): Promise<ImageSize> {
    const access = accessTo(this.#wire, ref, "pull");
    const root = await getManifest(access, referenceOf(access.target), options);
    if (root.kind !== "index" || options.platform !== undefined) {
      return { bytes: bytesOf(asImage(access, await choose(access, root, options))), platforms: [] };
    }
    const offered = platformsIn(await flatten(access, root, options));
    return sizesOf(access, root, offered, (digest) => getManifest(access, digest, options));
  }

  async inspect(ref: Ref, options: InspectOptions = {}): Promise<ImageInspection> {
    const { access, root, image } = await this.#image(ref, options);
    const config = hasImageConfig(image) ? await readConfig(access, image, options) : undefined;
    const own = config === undefined ? [] : [{ platform: config.platform, descriptor: image.descriptor }];
    const offered = root.kind === "index" ? platformsIn(await flatten(access, root, options)) : own;
    const load = async (digest: Digest): Promise<ParsedManifest> =>
      digest === image.descriptor.digest ? image : getManifest(access, digest, options);
    const size = bytesOf(image);
    const alone = { bytes: size, platforms: own.map(({ platform }) => ({ platform, bytes: size })) };
    const all = options.sizes === true ? await sizesOf(access, root, offered, load) : undefined;
    return {
      reference: formatName(access.target, referenceOf(access.target)),
      digest: root.descriptor.digest,
      mediaType: root.mediaType,
      size,
      artifactType: config === undefined ? artifactTypeOf(image) : image.document.artifactType,
      platform: config?.platform,
      created: config?.created,
      labels: config?.labels ?? {},
      layers: image.document.layers,
      history: config?.history ?? [],
      platforms: offered.map(({ platform }) => platform),
      sizes: root.kind === "index" ? all : alone,
    };
  }

  async #image(
    ref: Ref,
    options: ImageOptions,
  ): Promise<{ readonly access: Access; readonly root: ParsedManifest; readonly image: ParsedImage }> {
    const access = accessTo(this.#wire, ref, "pull");
    const root = await getManifest(access, referenceOf(access.target), options);
    return { access, root, image: asImage(access, await choose(access, root, options)) };
  }
}

/** What is asked about the image behind a tag. */
export interface ImageQuestions extends ImageOptions {
  readonly created?: boolean | undefined;
  readonly sizes?: boolean | undefined;
}

/**
 * When an image was created, by its config, and the bytes of its manifest, config and layers; `undefined` where nothing
 * says, or there is none for the platform.
 */
export async function describeImage(
  access: Access,
  descriptor: Descriptor,
  options: ImageQuestions,
): Promise<{ readonly created?: string | undefined; readonly bytes?: number | undefined }> {
  const root = await getManifest(access, descriptor.digest, options);
  // Where nobody says which image of an index is meant: the default one, or else the first.
  const image = root.kind === "index" ? await chooseAny(access, root, options) : root;
  if (image?.kind !== "image") return {};
  const dated = options.created === true && hasImageConfig(image);
  return {
    ...(dated ? { created: (await readConfig(access, image, options)).created } : {}),
    ...(options.sizes === true ? { bytes: bytesOf(image) } : {}),
  };
}

/** An index within an index within an index: nobody needs more. */
const MAX_DEPTH = 4;

const DEFAULT_PLATFORM: Platform = { os: "linux", architecture: "amd64" };

/** The manifest for a platform, through indexes within indexes. */
async function choose(
  access: Access,
  root: ParsedManifest,
  options: ImageOptions,
  depth = 0,
): Promise<ParsedManifest> {
  if (root.kind !== "index") return root;
  const wanted = platformOf(options.platform) ?? DEFAULT_PLATFORM;
  const { manifests } = root.document;
  const images = manifests.filter((entry) => !isAttestation(entry));
  const only = images.length === 1 && images[0]?.platform === undefined ? images[0] : undefined;
  const chosen = selectPlatform(images, wanted) ?? only ?? images.find(isNested);
  if (chosen === undefined || depth >= MAX_DEPTH) {
    const offered = platformsIn(images).map(({ platform }) => formatPlatform(platform));
    throw new RegistryError(
      "NOT_FOUND",
      `${access.target.name}@${root.descriptor.digest}: there is no image for ${formatPlatform(wanted)}; there is one for ${offered.join(", ") || "no platform at all"}.`,
      { registry: access.target.registry, repository: access.target.repository },
    );
  }
  return choose(access, await getManifest(access, chosen.digest, options), options, depth + 1);
}

async function chooseAny(
  access: Access,
  root: ParsedManifest & { readonly kind: "index" },
  options: ImageOptions,
): Promise<ParsedManifest | undefined> {
  const images = root.document.manifests.filter((entry) => !isAttestation(entry));
  const wanted = platformOf(options.platform);
  const chosen =
    wanted === undefined
      ? (selectPlatform(images, DEFAULT_PLATFORM) ?? images[0])
      : selectPlatform(images, wanted);
  return chosen === undefined ? undefined : getManifest(access, chosen.digest, options);
}

/** The entries of an index, those of indexes within it in their place. */
async function flatten(
  access: Access,
  index: ParsedManifest & { readonly kind: "index" },
  options: CallOptions,
  depth = 0,
): Promise<readonly Descriptor[]> {
  const entries: Descriptor[] = [];
  for (const entry of index.document.manifests) {
    if (!isNested(entry) || depth >= MAX_DEPTH) {
      entries.push(entry);
      continue;
    }
    const nested = await getManifest(access, entry.digest, options);
    if (nested.kind === "index") entries.push(...(await flatten(access, nested, options, depth + 1)));
  }
  return entries;
}

function isNested({ mediaType, platform }: Descriptor): boolean {
  return platform === undefined && isIndexType(mediaType);
}

/** Attestations are no images, and neither is what has no platform. */
function platformsIn(entries: readonly Descriptor[]): readonly ImagePlatform[] {
  return entries.flatMap((descriptor) =>
    descriptor.platform === undefined || isAttestation(descriptor)
      ? []
      : [{ platform: descriptor.platform, descriptor }],
  );
}

function asImage({ target }: Access, manifest: ParsedManifest): ParsedImage {
  if (manifest.kind === "image") return manifest;
  throw new RegistryError(
    "UNSUPPORTED",
    `${target.name}@${manifest.descriptor.digest} is no image: its type is ${manifest.mediaType}.`,
    { registry: target.registry, repository: target.repository },
  );
}

/** Whether there is a configuration of an image, rather than whatever an artifact keeps in its place. */
function hasImageConfig({ document }: ParsedImage): boolean {
  const { mediaType } = document.config;
  return mediaType === MEDIA_TYPES.ociConfig || mediaType === MEDIA_TYPES.dockerConfig;
}

async function readConfig(access: Access, image: ParsedImage, { signal }: CallOptions): Promise<ImageConfig> {
  const { config } = image.document;
  const { limits } = access.wire;
  const place = { registry: access.target.registry, repository: access.target.repository };
  const what = `config ${access.target.name}@${config.digest}`;
  if (!hasImageConfig(image)) {
    throw new RegistryError(
      "UNSUPPORTED",
      `${what}: this is no image but an artifact of type ${artifactTypeOf(image) ?? "unknown"}.`,
      place,
    );
  }
  if (config.size > limits.configBytes) {
    throw new RegistryError(
      "SIZE_EXCEEDED",
      `${what}: it has ${config.size} bytes, more than ${limits.configBytes} (option limits.configBytes).`,
      place,
    );
  }
  const stream = await new BlobDownload(access, config.digest, { size: config.size, signal }).stream();
  const bytes = await stream.bytes(limits.configBytes);
  try {
    const document = parseImageConfig(bytes);
    const { os, architecture, variant, config: runtime } = document;
    return {
      descriptor: config,
      bytes,
      document,
      platform: normalisePlatform({
        os,
        architecture,
        variant,
        "os.version": document["os.version"],
        "os.features": document["os.features"],
      }),
      created: document.created,
      labels: runtime?.Labels ?? {},
      history: document.history ?? [],
    };
  } catch (cause) {
    if (!isContentError(cause)) throw cause;
    throw new RegistryError("PROTOCOL", `${what}: ${cause.message}`, { ...place, cause });
  }
}

/** What the platforms take, each for itself, and all of them together with what they share once. */
async function sizesOf(
  { wire }: Access,
  root: ParsedManifest,
  offered: readonly ImagePlatform[],
  load: (digest: Digest) => Promise<ParsedManifest>,
): Promise<ImageSize> {
  const counted = new Map([[root.descriptor.digest, root.descriptor.size]]);
  const platforms: { readonly platform: Platform; readonly bytes: number }[] = [];
  const manifests = inOrder(offered, wire.concurrency, ({ descriptor }) => load(descriptor.digest));
  let next = 0;
  for await (const manifest of manifests) {
    const platform = offered[next]?.platform;
    next += 1;
    if (manifest.kind !== "image" || platform === undefined) continue;
    platforms.push({ platform, bytes: bytesOf(manifest) });
    for (const { digest, size } of partsOf(manifest)) counted.set(digest, size);
  }
  return { bytes: sum(counted.values()), platforms };
}

/** What an image takes, each part once. */
function bytesOf(image: ParsedImage): number {
  return sum(new Map(partsOf(image).map(({ digest, size }) => [digest, size] as const)).values());
}

/** What has to be pulled for an image. */
function partsOf(image: ParsedImage): readonly Descriptor[] {
  const layers = image.document.layers.filter(({ mediaType }) => !isForeignLayerType(mediaType));
  return [image.descriptor, image.document.config, ...layers];
}

function platformOf(platform: string | Platform | undefined): Platform | undefined {
  return typeof platform === "string" ? parsePlatform(platform) : platform;
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
