import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGzip, createZstdCompress, constants as zlibConstants } from "node:zlib";
import { type ContentBody, createHasher, type Descriptor, type Hasher, MEDIA_TYPES } from "@reg/content";
import { checkedTar } from "./checked-tar.ts";
import { ChunkCollector } from "./chunk-collector.ts";
import { type Compression, decompress, peekCompression, type UnpackLimits } from "./decompress.ts";
import { onDisk, storageError, writeAll } from "./disk.ts";
import { fileBody } from "./file-body.ts";
import { through } from "./through.ts";

/** How {@link buildLayer} packs. */
export interface BuildLayerOptions {
  /** How to pack a tar that comes unpacked. One that comes packed is kept as it is. Default gzip. */
  readonly compression?: Compression | undefined;
  /** gzip: 1 to 9, default 6; zstd: 1 to 22, default 3. */
  readonly level?: number | undefined;
  /** Whose names the media type has. Default oci. */
  readonly format?: "oci" | "docker" | undefined;
  /** For a tar that comes packed. */
  readonly limits?: UnpackLimits | undefined;
  /** The folder for the layer until it is disposed of. Default: the system's, for temporary files. */
  readonly temporaryFolder?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A layer that can be appended to an image: `appendLayers` of `@reg/content` takes it. */
export interface BuiltLayer extends AsyncDisposable {
  readonly descriptor: Descriptor;
  /** The digest of the tar, unpacked (image-spec, config.md, "Layer DiffID"). */
  readonly diffId: Descriptor["digest"];
  /** To be read until the layer is disposed of. */
  readonly body: ContentBody;
}

/**
 * Makes a layer of a tar: packed, hashed both unpacked and packed, and kept in a temporary file, in one pass. The same
 * tar gives the same layer. Code `INVALID` where it is no tar, or a damaged one; `SIZE_EXCEEDED`, `STORAGE`.
 *
 * @param tar - The path of a file, or the bytes as they come; packed by gzip or zstd, or not.
 *
 * @example
 * ```ts
 * import { appendLayers, type ContentTarget, copy } from "@reg/content";
 * import { buildLayer } from "@reg/layout";
 * async function append(store: ContentTarget, ref: string, tar: string): Promise<void> {
 *   await using layer = await buildLayer(tar);
 *   const made = await appendLayers(store, ref, [layer]);
 *   await copy(made.source, made.descriptor.digest, store, ref);
 * }
 * ```
 */
export async function buildLayer(
  tar: string | AsyncIterable<Uint8Array>,
  options: BuildLayerOptions = {},
): Promise<BuiltLayer> {
  const { signal } = options;
  const parent = options.temporaryFolder ?? tmpdir();
  const folder = await onDisk(parent, () => mkdtemp(join(parent, "reg-layer-")));
  const path = join(folder, "layer");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const source = typeof tar === "string" ? (await fileBody(tar)).open(0, signal) : tar;
    const { compression: came, chunks } = await peekCompression(source);
    const raw = createHasher();
    const diff = createHasher();
    let size: number;
    if (came === "none") {
      size = await spool(hashed(pack(checkedTar(hashed(chunks, diff)), options), raw), path);
    } else {
      // Unpacked for its digest and its check alone; what is kept passes by on the way.
      const file = new SpoolFile(path);
      try {
        for await (const chunk of checkedTar(decompress(passing(chunks, raw, file), options.limits)))
          diff.update(chunk);
        size = file.finish();
      } finally {
        file.close();
      }
    }
    const compression = came === "none" ? (options.compression ?? "gzip") : came;
    const mediaType = (options.format === "docker" ? DOCKER_TYPES : OCI_TYPES)[compression];
    return {
      descriptor: { mediaType, digest: raw.digest(), size },
      diffId: diff.digest(),
      body: await fileBody(path),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

type Types = Readonly<Record<Compression, string>>;

const OCI_TYPES: Types = {
  none: MEDIA_TYPES.ociLayer,
  gzip: MEDIA_TYPES.ociLayerGzip,
  zstd: MEDIA_TYPES.ociLayerZstd,
};

const DOCKER_TYPES: Types = {
  none: MEDIA_TYPES.dockerLayer,
  gzip: MEDIA_TYPES.dockerLayerGzip,
  zstd: MEDIA_TYPES.dockerLayerZstd,
};

/** As gzip and zstd have them on their command lines. */
const GZIP_LEVEL = 6;
const ZSTD_LEVEL = 3;

/** Larger pieces than zlib's 16 KiB: less time between the pieces than in them. */
const PACK_CHUNK_BYTES = 256 * 1024;

/** A file that is written once, from its beginning to its end. */
class SpoolFile {
  readonly #fd: number;
  readonly #path: string;
  readonly #collector: ChunkCollector;
  #open = true;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, "wx");
    this.#collector = new ChunkCollector((bytes, position) => writeAll(this.#fd, bytes, position));
  }

  write(chunk: Uint8Array): void {
    try {
      this.#collector.write(chunk);
    } catch (cause) {
      throw storageError(this.#path, cause);
    }
  }

  /** Writes the rest; the size of the file. */
  finish(): number {
    this.#collector.flush();
    return this.#collector.position;
  }

  close(): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
    this.#collector.release();
  }
}

async function spool(chunks: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const file = new SpoolFile(path);
  try {
    for await (const chunk of chunks) file.write(chunk);
    return file.finish();
  } finally {
    file.close();
  }
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hasher: Hasher,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hasher.update(chunk);
    yield chunk;
  }
}

async function* passing(
  chunks: AsyncIterable<Uint8Array>,
  hasher: Hasher,
  file: SpoolFile,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    hasher.update(chunk);
    file.write(chunk);
    yield chunk;
  }
}

async function* pack(
  chunks: AsyncIterable<Uint8Array>,
  options: BuildLayerOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { compression = "gzip", level } = options;
  if (compression === "none") {
    yield* chunks;
    return;
  }
  const packer =
    compression === "gzip"
      ? createGzip({ level: level ?? GZIP_LEVEL, chunkSize: PACK_CHUNK_BYTES })
      : createZstdCompress({
          chunkSize: PACK_CHUNK_BYTES,
          params: { [zlibConstants.ZSTD_c_compressionLevel]: level ?? ZSTD_LEVEL },
        });
  yield* through(chunks, packer);
}
