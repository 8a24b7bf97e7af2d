import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ContentError,
  type ContentSource,
  type Descriptor,
  isAttestation,
  LIMITS,
  normalisePlatform,
  type ParsedImage,
  type ParsedManifest,
  type Platform,
  parseManifest,
  selectPlatform,
} from "@reg/content";
import { onDisk } from "./disk.ts";
import { ImageFiles } from "./image-files.ts";
import { LayerCache } from "./layer-cache.ts";
import type { TarLimits } from "./tar-entries.ts";

/** Which image {@link openImage} opens, and within which limits. */
export interface OpenImageOptions {
  /** The platform to take from an index. Default: linux on this machine's processor, or the only one there is. */
  readonly platform?: Platform | undefined;
  /** What unpacking a layer may come to. */
  readonly limits?: TarLimits | undefined;
  /** The folder for the layers of a remote image while it is open. Default: the system's, for temporary files. */
  readonly temporaryFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the file system of an image, wherever the image is. Layers are fetched when they are needed, once, and kept in
 * a temporary folder until the image is disposed of; those of a layout or an archive are read where they are.
 *
 * Codes: `NOT_FOUND` (the image, or the platform in its index), `UNSUPPORTED` (not an image), and those of the source.
 *
 * @example
 * ```ts
 * import { openImage, openLayout } from "@reg/layout";
 * async function release(dir: string, tag: string): Promise<string> {
 *   await using image = await openImage(await openLayout(dir), tag);
 *   return new TextDecoder().decode(await (await image.read("/etc/os-release")).bytes(65_536));
 * }
 * ```
 */
export async function openImage(
  source: ContentSource,
  ref: string,
  options: OpenImageOptions = {},
): Promise<ImageFiles> {
  const image = await readImage(source, ref, options);
  let folder: string | undefined;
  if (source.remote === true) {
    const parent = options.temporaryFolder ?? tmpdir();
    folder = await onDisk(parent, () => mkdtemp(join(parent, "reg-image-")));
  }
  const cache = new LayerCache(source, folder, options.signal);
  const close = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  return new ImageFiles(image, cache, options.limits ?? {}, close);
}

async function readImage(
  source: ContentSource,
  ref: string,
  options: OpenImageOptions,
): Promise<ParsedImage> {
  const { signal } = options;
  let manifest = await readManifest(source, ref, signal);
  for (let depth = 0; manifest.kind === "index"; depth += 1) {
    if (depth > LIMITS.graphDepth)
      throw new ContentError("INVALID", `The indexes below ${ref} are nested too deep.`);
    const { manifests } = manifest.document;
    const images = manifests.filter((each) => !isAttestation(each));
    const only = options.platform === undefined && images.length === 1 ? images[0] : undefined;
    const chosen = only ?? selectPlatform(manifests, options.platform ?? hostPlatform());
    if (chosen === undefined) {
      const offered = images.map(({ platform }) =>
        platform === undefined ? "?" : `${platform.os}/${platform.architecture}`,
      );
      throw new ContentError(
        "NOT_FOUND",
        `${ref} has no image for the platform; it has ${[...new Set(offered)].join(", ")}.`,
      );
    }
    manifest = await readDescriptor(source, chosen, signal);
  }
  if (manifest.kind !== "image") {
    throw new ContentError(
      "UNSUPPORTED",
      `${ref} is no image with layers but has the type ${manifest.mediaType}.`,
    );
  }
  return manifest;
}

async function readManifest(
  source: ContentSource,
  ref: string,
  signal: AbortSignal | undefined,
): Promise<ParsedManifest> {
  if (source.fetchManifest === undefined)
    return readDescriptor(source, await source.resolve(ref, { signal }), signal);
  const { descriptor, bytes } = await source.fetchManifest(ref, { signal });
  return parseManifest(bytes, descriptor.mediaType);
}

async function readDescriptor(
  source: ContentSource,
  descriptor: Descriptor,
  signal: AbortSignal | undefined,
): Promise<ParsedManifest> {
  const stream = await source.fetch(descriptor, { signal });
  return parseManifest(await stream.bytes(LIMITS.manifestBytes), descriptor.mediaType);
}

/** Images are for Linux, whatever they are looked at on. */
function hostPlatform(): Platform {
  const names: Readonly<Record<string, string>> = {
    x64: "amd64",
    ia32: "386",
    ppc64: "ppc64le",
    mipsel: "mipsle",
  };
  return normalisePlatform({ os: "linux", architecture: names[process.arch] ?? process.arch });
}
