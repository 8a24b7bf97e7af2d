import { lstatSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type ByteSink,
  type ByteStream,
  byteStream,
  type ContentBody,
  ContentError,
  type ContentTarget,
  type ContentWriter,
  createVerifier,
  type Descriptor,
  digestAlgorithm,
  type FetchedManifest,
  type FetchOptions,
  isContentError,
  isManifestType,
  LIMITS,
  type PushOptions,
  type StoreOptions,
  subjectOf,
  verifiedStream,
  verifyBytes,
} from "@reg/content";
import { describeManifest } from "./describe-manifest.ts";
import {
  assertFolder,
  ensureFolders,
  isSystemError,
  onDisk,
  openRegularFile,
  readRegularFile,
  SMALL_BYTES,
} from "./disk.ts";
import { fileChunks } from "./file-chunks.ts";
import { partialWriter } from "./file-writer.ts";
import { assertLayout, blobPath, createLayout, readIndex, updateIndex } from "./layout-index.ts";
import { assertTag, bare, findTag, tagsOf, withoutTag, withTags } from "./layout-refs.ts";
import { listReferrers, type Referrer } from "./list-referrers.ts";
import { manifestWriter } from "./manifest-writer.ts";
import { sweepDocuments, sweepFolder } from "./partial-file.ts";
import { pushToWriter } from "./push-to-writer.ts";

/** How {@link openLayout} opens a folder. */
export interface LayoutOptions {
  /** Makes the folder a layout where it is none. Default false. */
  readonly create?: boolean | undefined;
  /** Whether a write has reached the disk itself when it is reported done. Default true. */
  readonly durable?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens a folder in the OCI image layout (image-spec, image-layout.md). Any number of processes may read and write one
 * layout at once.
 *
 * Codes: `NOT_FOUND` (no layout there, and not to be created), `INVALID`, `UNSUPPORTED` (another layout version),
 * `POLICY_REFUSED` (a symbolic link, pipe or device where a file or folder belongs), `SIZE_EXCEEDED`, `STORAGE`.
 *
 * @example
 * ```ts
 * import { openLayout } from "@reg/layout";
 * await using layout = await openLayout("/tmp/example-layout", { create: true });
 * for await (const tag of layout.tags()) console.log(tag, (await layout.resolve(tag)).digest);
 * ```
 */
export async function openLayout(dir: string, options: LayoutOptions = {}): Promise<OciLayout> {
  const folder = resolve(dir);
  if (options.create === true && !(await isLayout(folder)))
    await createLayout(folder, { signal: options.signal, durable: options.durable });
  await assertLayout(folder);
  return new OciLayout(folder, options.durable ?? true);
}

/**
 * An OCI image layout as a store.
 *
 * What is there already is hashed before it is relied on, once for each state of the file (device, inode, size, times)
 * in the life of this object, and what this object wrote itself is not hashed again: a blob that is right costs one
 * read, a blob of the right size and the wrong content counts as missing and is replaced by the next push.
 */
export class OciLayout implements ContentTarget, AsyncDisposable {
  readonly dir: string;
  readonly changeable: boolean = true;
  readonly #durable: boolean;
  /** Whether a file holds what its name says, and in which state of it that was found out. */
  readonly #verdicts = new Map<string, { readonly key: string; readonly right: boolean }>();
  readonly #referrers = new Map<string, Referrer>();
  /** Folders below the layout that were seen to be folders. */
  readonly #folders = new Set<string>();
  readonly #prepared = new Map<string, Promise<void>>();

  /** To be had from {@link openLayout}. */
  constructor(dir: string, durable: boolean) {
    this.dir = dir;
    this.#durable = durable;
  }

  async resolve(ref: string, options: StoreOptions = {}): Promise<Descriptor> {
    options.signal?.throwIfAborted();
    const { manifests } = await readIndex(this.dir);
    if (!ref.includes(":") || manifests.some((entry) => tagsOf([entry]).includes(ref))) {
      return findTag(manifests, ref, this.dir);
    }
    const entry = manifests.find(({ digest }) => digest === ref);
    if (entry !== undefined) return bare(entry);
    if (!isDigest(ref)) return findTag(manifests, ref, this.dir);
    // Below an index: not entered by itself, and its type has to be read.
    return describeManifest(await readRegularFile(await this.#path(ref), LIMITS.manifestBytes), ref);
  }

  async fetchManifest(ref: string, options: StoreOptions = {}): Promise<FetchedManifest> {
    const descriptor = await this.resolve(ref, options);
    const bytes = await readRegularFile(await this.#path(descriptor.digest), LIMITS.manifestBytes);
    verifyBytes(descriptor, bytes);
    return { descriptor, bytes };
  }

  async fetch(descriptor: Descriptor, options: FetchOptions = {}): Promise<ByteStream> {
    const { offset = 0, signal, verify = true } = options;
    signal?.throwIfAborted();
    const path = await this.#path(descriptor.digest);
    if (descriptor.size <= SMALL_BYTES) {
      // Looked at first: what is larger than it says is not read.
      const state = await fileState(path);
      if (state !== undefined && (state.size !== descriptor.size || offset > state.size)) {
        throw wrongSize(path, state.size, Math.max(descriptor.size, offset));
      }
      const bytes = await readRegularFile(path, descriptor.size);
      const chunks = [bytes.subarray(offset)];
      if (!verify || offset > 0) return byteStream(chunks, descriptor.size - offset);
      return verifiedStream(descriptor, chunks);
    }
    const { file, size } = await openRegularFile(path);
    if (size !== descriptor.size || offset > size) {
      await file.close();
      throw wrongSize(path, size, Math.max(descriptor.size, offset));
    }
    async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
      try {
        yield* fileChunks(file, path, { start: offset, end: size }, { signal });
      } finally {
        await file.close();
      }
    }
    const release = (): Promise<void> => file.close();
    if (!verify || offset > 0) return byteStream(chunks(), size - offset, release);
    return verifiedStream(descriptor, chunks(), release);
  }

  async fetchInto(descriptor: Descriptor, sink: ByteSink, options: FetchOptions = {}): Promise<void> {
    for await (const chunk of await this.fetch(descriptor, options)) {
      const written = sink.write(chunk);
      if (written !== undefined) await written;
    }
  }

  /** Whether the content is there and right. `POLICY_REFUSED` where something else than a file has its name. */
  async exists(descriptor: Descriptor, options: StoreOptions = {}): Promise<boolean> {
    options.signal?.throwIfAborted();
    const path = await this.#path(descriptor.digest);
    const state = await fileState(path);
    if (state === undefined || state.size !== descriptor.size) return false;
    const known = this.#verdicts.get(descriptor.digest);
    if (known?.key === state.key) return known.right;
    const verifier = createVerifier(descriptor);
    try {
      for await (const chunk of await this.fetch(descriptor, { signal: options.signal, verify: false })) {
        verifier.write(chunk);
      }
      verifier.end();
      this.#verdicts.set(descriptor.digest, { key: state.key, right: true });
      return true;
    } catch (error) {
      if (!isContentError(error) || !WRONG_OR_GONE.has(error.code)) throw error;
      this.#verdicts.set(descriptor.digest, { key: state.key, right: false });
      return false;
    }
  }

  /** Manifests with this subject: entered in `index.json`, or listed under the referrers tag. */
  async *referrers(
    descriptor: Descriptor,
    options: StoreOptions & { readonly artifactType?: string | undefined } = {},
  ): AsyncGenerator<Descriptor, void, undefined> {
    const { manifests } = await readIndex(this.dir);
    const read = async (entry: Descriptor): Promise<Uint8Array> =>
      readRegularFile(await this.#path(entry.digest), LIMITS.manifestBytes);
    yield* listReferrers({ manifests, cache: this.#referrers, read }, descriptor.digest, options);
  }

  async *tags(options: StoreOptions = {}): AsyncGenerator<string, void, undefined> {
    options.signal?.throwIfAborted();
    yield* tagsOf((await readIndex(this.dir)).manifests);
  }

  async push(descriptor: Descriptor, body: ContentBody, options: PushOptions = {}): Promise<void> {
    if (await this.exists(descriptor, options)) return;
    await pushToWriter(await this.writer(descriptor, options), body, options);
  }

  async writer(descriptor: Descriptor, options: StoreOptions = {}): Promise<ContentWriter> {
    const path = await this.#path(descriptor.digest);
    const algorithm = digestAlgorithm(descriptor.digest);
    const folder = join(this.dir, INCOMING);
    await this.#once(algorithm, async () => {
      const blobs = join(this.dir, "blobs");
      await ensureFolders([blobs, join(blobs, algorithm), folder], { durable: this.#durable });
    });
    await this.#once(INCOMING, async () => {
      await onDisk(folder, () => sweepFolder(folder));
      await onDisk(this.dir, () => sweepDocuments(this.dir, ["index.json", "oci-layout"]));
    });
    const place = { folder, stem: descriptor.digest.replace(":", "-") };
    const open = (): Promise<ContentWriter> =>
      partialWriter(path, descriptor, place, { signal: options.signal, durable: this.#durable });
    const committed = async (): Promise<void> => {
      const state = await fileState(path);
      if (state !== undefined) this.#verdicts.set(descriptor.digest, { key: state.key, right: true });
    };
    if (!isManifestType(descriptor.mediaType)) return withCommitHook(await open(), committed);
    return manifestWriter(descriptor, open, async (manifest) => {
      await committed();
      if (subjectOf(manifest) !== undefined) await this.#enter(descriptor, [], options);
    });
  }

  /** Names a manifest. A digest as `ref` enters it in `index.json` without a name. */
  async tag(descriptor: Descriptor, ref: string, options: StoreOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const isName = ref !== descriptor.digest;
    if (isName) assertTag(ref);
    if (isName && isDigest(ref)) {
      throw new ContentError("INVALID", `${descriptor.digest} cannot be called by another digest, ${ref}.`);
    }
    const state = await fileState(await this.#path(descriptor.digest));
    if (state === undefined) {
      throw new ContentError(
        "NOT_FOUND",
        `${this.dir} has no manifest ${descriptor.digest} to be called ${ref}.`,
      );
    }
    await this.#enter(descriptor, isName ? [ref] : [], options);
  }

  async pushManifest(
    descriptor: Descriptor,
    bytes: Uint8Array,
    refs: readonly string[],
    options: StoreOptions = {},
  ): Promise<void> {
    refs.forEach(assertTag);
    await this.push(descriptor, bytes, options);
    await this.#enter(descriptor, refs, options);
  }

  async untag(ref: string, options: StoreOptions = {}): Promise<void> {
    await this.#update((manifests) => withoutTag(manifests, ref, this.dir), options);
  }

  /** Removes content, and its entries and tags where it is a manifest; code `NOT_FOUND`. */
  async delete(descriptor: Descriptor, options: StoreOptions = {}): Promise<void> {
    const path = await this.#path(descriptor.digest);
    const has = (entry: Descriptor): boolean => entry.digest === descriptor.digest;
    await this.#update(
      (manifests) => (manifests.some(has) ? manifests.filter((entry) => !has(entry)) : manifests),
      options,
    );
    await onDisk(path, () => rm(path));
    this.#verdicts.delete(descriptor.digest);
  }

  /** Nothing is held open; here so that a layout can be used like any other store. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #enter(descriptor: Descriptor, refs: readonly string[], options: StoreOptions): Promise<void> {
    await this.#update((manifests) => withTags(manifests, descriptor, refs), options);
  }

  #update(
    change: (manifests: readonly Descriptor[]) => readonly Descriptor[],
    { signal }: StoreOptions,
  ): Promise<void> {
    return updateIndex(this.dir, change, { signal, durable: this.#durable });
  }

  /** The path of a blob, once it is known that its folder is one and lies inside the layout. */
  async #path(digest: string): Promise<string> {
    const path = blobPath(this.dir, digest);
    for (const folder of ["blobs", join("blobs", digestAlgorithm(digest))]) {
      const absolute = join(this.dir, folder);
      if (this.#folders.has(absolute)) continue;
      try {
        await assertFolder(absolute);
      } catch (error) {
        if (isContentError(error) && error.code === "NOT_FOUND") return path;
        throw error;
      }
      this.#folders.add(absolute);
    }
    return path;
  }

  /** Runs a preparation of a folder once in the life of this object; a failure is not remembered. */
  #once(name: string, prepare: () => Promise<void>): Promise<void> {
    const running = this.#prepared.get(name) ?? prepare();
    this.#prepared.set(name, running);
    running.catch(() => this.#prepared.delete(name));
    return running;
  }
}

/** Where blobs grow until they are verified. Not in `blobs`: what is in there has the content its name says. */
const INCOMING = ".incoming";

const WRONG_OR_GONE: ReadonlySet<string> = new Set(["DIGEST_MISMATCH", "SIZE_MISMATCH", "NOT_FOUND"]);

async function isLayout(dir: string): Promise<boolean> {
  try {
    await assertLayout(dir);
    await readIndex(dir);
    return true;
  } catch (error) {
    if (isContentError(error) && error.code === "NOT_FOUND") return false;
    throw error;
  }
}

function isDigest(ref: string): boolean {
  try {
    digestAlgorithm(ref);
    return true;
  } catch {
    return false;
  }
}

function wrongSize(path: string, size: number, wanted: number): ContentError {
  return new ContentError("SIZE_MISMATCH", `${path} has ${size} bytes, not ${wanted}.`);
}

/** What tells one state of a file from another without reading it. */
async function fileState(path: string): Promise<{ readonly key: string; readonly size: number } | undefined> {
  return onDisk(path, async () => {
    try {
      const stats = lstatSync(path, { bigint: true });
      if (!stats.isFile()) {
        throw new ContentError(
          "POLICY_REFUSED",
          `${path} is not a regular file; links, pipes and devices are not followed.`,
        );
      }
      const { dev, ino, size, mtimeNs, ctimeNs } = stats;
      return { key: [dev, ino, size, mtimeNs, ctimeNs].join(":"), size: Number(size) };
    } catch (cause) {
      if (isSystemError(cause, "ENOENT")) return undefined;
      throw cause;
    }
  });
}

function withCommitHook(writer: ContentWriter, committed: () => Promise<void>): ContentWriter {
  return {
    get offset() {
      return writer.offset;
    },
    get file() {
      return writer.file;
    },
    write: (chunk) => writer.write(chunk),
    restart: () => writer.restart(),
    async commit() {
      await writer.commit();
      await committed();
    },
    abort: () => writer.abort(),
  };
}
