import { createManifestReader, type ManifestReader } from "../copy/manifest-reader.ts";
import { pickPlatform } from "../copy/rewrite-index.ts";
import { createScheduler } from "../copy/scheduler.ts";
import type { Platform } from "../descriptor.ts";
import { ContentError } from "../errors.ts";
import type { ParsedImage } from "../parse-manifest.ts";
import type { ImageConfig } from "../schemas.ts";
import type { ContentSource, StoreOptions } from "../store.ts";
import { type ImageLayer, layersOf, loadConfig, platformOf } from "./image-config.ts";
import { mapImages, rawDocument } from "./map-images.ts";
import { createOverlay, type MadeContent } from "./overlay.ts";

/** An image to build on, and where it is. */
export interface BaseImage {
  readonly source: ContentSource;
  readonly ref: string;
}

/** How {@link rebaseImage} knows the old base. */
export interface RebaseOptions extends StoreOptions {
  /** What the image was built on. Default: what its annotations say, looked for beside the new base. */
  readonly oldBase?: BaseImage | undefined;
  /** What `org.opencontainers.image.base.name` is to say. Default: it stays. */
  readonly baseName?: string | undefined;
}

/**
 * Takes an image, or every image of an index, off its base and puts it on another: its own layers on top of the new
 * base's, its own configuration over the new base's platform. Nothing is built again, so it is right only where the
 * two bases are as good as each other (a patched one, in place of the one it patches). Nothing is written: copy what
 * comes back.
 *
 * @throws {@link ContentError} `INVALID` where the image does not begin with the layers of the old base, `NOT_FOUND`
 * where a base has no such platform or the old base is not named; whatever the sources throw.
 *
 * @example
 * ```ts
 * import { type ContentTarget, copy, rebaseImage } from "@reg/content";
 * async function patch(app: ContentTarget, bases: ContentTarget): Promise<void> {
 *   const oldBase = { source: bases, ref: "12.1" };
 *   const made = await rebaseImage(app, "v1", { source: bases, ref: "12.2" }, { oldBase });
 *   await copy(made.source, made.descriptor.digest, app, "v1-patched");
 * }
 * ```
 */
export async function rebaseImage(
  source: ContentSource,
  ref: string,
  newBase: BaseImage,
  options: RebaseOptions = {},
): Promise<MadeContent> {
  const { signal, baseName } = options;
  const scheduler = createScheduler();
  const readerOf = (store: ContentSource): ManifestReader =>
    createManifestReader(store, { scheduler, signal });
  const reader = readerOf(source);
  const overlay = createOverlay(source);
  const { descriptor: root } = await reader.resolve(ref);
  const loadBase = async (base: BaseImage, platform: Platform): Promise<Loaded> => {
    const baseReader = readerOf(base.source);
    const { parsed } = await baseReader.resolve(base.ref);
    const image =
      parsed?.kind === "index"
        ? await baseReader.read(await pickPlatform(parsed, platform, baseReader.read))
        : parsed;
    if (image?.kind !== "image") throw new ContentError("INVALID", `The base ${base.ref} is no image.`);
    return load(base.source, image, signal);
  };

  const descriptor = await mapImages(overlay, reader, root, {
    image: async (parsed) => {
      const image = await load(source, parsed, signal);
      const platform = platformOf(image.config);
      const before = await loadBase(options.oldBase ?? annotatedBase(parsed, newBase.source), platform);
      const after = await loadBase(newBase, platform);
      assertBuiltOn(image, before);
      for (const layer of after.layers) overlay.from(layer.descriptor, newBase.source);
      const own = image.layers.slice(before.layers.length);
      const history = [
        ...(after.config.history ?? []),
        ...(image.config.history ?? []).slice((before.config.history ?? []).length),
      ];
      const { os, architecture, variant } = after.config;
      const config = overlay.addJson(parsed.document.config.mediaType, {
        ...image.raw,
        os,
        architecture,
        ...(variant === undefined ? {} : { variant }),
        ...(after.config["os.version"] === undefined ? {} : { "os.version": after.config["os.version"] }),
        rootfs: { ...image.config.rootfs, diff_ids: [...after.layers, ...own].map(({ diffId }) => diffId) },
        history,
      });
      return overlay.addJson(parsed.mediaType, {
        ...rawDocument(parsed.bytes),
        config,
        layers: [...after.layers, ...own].map((layer) => layer.descriptor),
        annotations: {
          ...parsed.document.annotations,
          [BASE_DIGEST]: after.parsed.descriptor.digest,
          ...(baseName === undefined ? {} : { [BASE_NAME]: baseName }),
        },
      });
    },
  });
  return { source: overlay, descriptor };
}

/** Image-spec, annotations.md. */
const BASE_DIGEST = "org.opencontainers.image.base.digest";
const BASE_NAME = "org.opencontainers.image.base.name";

interface Loaded {
  readonly parsed: ParsedImage;
  readonly config: ImageConfig;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly layers: readonly ImageLayer[];
}

async function load(
  source: ContentSource,
  parsed: ParsedImage,
  signal: AbortSignal | undefined,
): Promise<Loaded> {
  const { config, raw } = await loadConfig(source, parsed, signal);
  return { parsed, config, raw, layers: layersOf(parsed, config) };
}

function annotatedBase({ document, descriptor }: ParsedImage, source: ContentSource): BaseImage {
  const ref = document.annotations?.[BASE_DIGEST];
  if (ref !== undefined) return { source, ref };
  throw new ContentError(
    "NOT_FOUND",
    `${descriptor.digest} does not say what it was built on: give the option oldBase.`,
  );
}

/** Compared by diff id: the same layer may be compressed in two ways. */
function assertBuiltOn(image: Loaded, base: Loaded): void {
  const differs = base.layers.findIndex(({ diffId }, i) => diffId !== image.layers[i]?.diffId);
  if (differs < 0) return;
  throw new ContentError(
    "INVALID",
    `${image.parsed.descriptor.digest} was not built on ${base.parsed.descriptor.digest}: layer ${differs + 1} is another.`,
  );
}
