import {
  type ContentSource,
  type Descriptor,
  digestAlgorithm,
  LIMITS,
  MEDIA_TYPES,
  type ParsedManifest,
  parseManifest,
  successors,
  verifyBytes,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { BlobDownload } from "./blob-download.ts";
import type { ManifestCatalog } from "./manifest-catalog.ts";
import { asDigest } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { ByteRange, RegistryStorage, RepositoryStorage } from "./storage.ts";

/** Where a registry that fetches what it does not have fetches from. */
export interface ProxyOptions {
  /**
   * Where a repository's content comes from: a client's `repository(name)`, a layout, anything content can be read
   * from. `undefined` where there is no upstream for it: then only what is stored is served.
   */
  readonly source: (repository: string) => ContentSource | undefined | Promise<ContentSource | undefined>;
  /** How long a tag is believed without asking upstream, in milliseconds. Default 0: it is asked for every time. */
  readonly tagLifetimeMs?: number | undefined;
  /** Hears of upstream's failures that were hidden by serving what is stored. */
  readonly onStale?: ((error: unknown, repository: string) => void) | undefined;
}

/** How many tags' ages and repositories' blobs are remembered. */
const MAX_REMEMBERED = 10_000;

/** A blob that can be sent, though its end may still be on its way. */
export interface ReadableBlob {
  readonly size: number;
  read(range: ByteRange): AsyncIterable<Uint8Array>;
}

/** Fetches from upstream what a registry has not got, verifies it and stores it; each thing once at a time. */
export class PullThrough {
  readonly #options: ProxyOptions;
  readonly #storage: RegistryStorage;
  readonly #catalogOf: (repository: RepositoryStorage) => ManifestCatalog;
  readonly #manifests = new Map<string, Promise<Descriptor | undefined>>();
  readonly #downloads = new Map<string, BlobDownload>();
  readonly #tagged = new Map<string, number>();
  /** What stored manifests say of blobs: upstream is asked for content by size and digest. */
  readonly #blobs = new Map<string, Map<Digest, Descriptor>>();
  readonly #ended = new AbortController();

  constructor(
    options: ProxyOptions,
    storage: RegistryStorage,
    catalogOf: (repository: RepositoryStorage) => ManifestCatalog,
  ) {
    this.#options = options;
    this.#storage = storage;
    this.#catalogOf = catalogOf;
  }

  /** The manifest, stored by now; `undefined` where neither side has it. */
  manifest(repository: RepositoryStorage, reference: string): Promise<Descriptor | undefined> {
    return singleFlight(this.#manifests, `${repository.name}@${reference}`, () =>
      this.#manifest(repository, reference),
    );
  }

  /** A blob that a stored manifest names; `undefined` where none does or upstream has not got it. */
  async blob(
    repository: RepositoryStorage,
    digest: Digest,
    method: string,
  ): Promise<ReadableBlob | undefined> {
    const descriptor = (await this.#knownBlobs(repository)).get(digest);
    const source = await this.#options.source(repository.name);
    if (descriptor === undefined || source === undefined) return undefined;
    if (method === "HEAD") {
      const there = await upstream(() => source.exists(descriptor, { signal: this.#ended.signal }));
      return there === true ? { size: descriptor.size, read: () => nothing() } : undefined;
    }
    const key = `${repository.name}@${digest}`;
    const running = this.#downloads.get(key);
    const download =
      running ?? new BlobDownload(descriptor, source, repository, this.#storage, this.#ended.signal);
    if (running === undefined) {
      this.#downloads.set(key, download);
      void download.ended.then(() => this.#downloads.delete(key));
    }
    const started = await upstream(async () => {
      await download.started;
      return true;
    });
    return started === undefined
      ? undefined
      : { size: descriptor.size, read: (range) => download.read(range) };
  }

  /** Upstream's tags in order; `undefined` where it does not say, or cannot be reached. */
  async tags(repository: RepositoryStorage): Promise<readonly string[] | undefined> {
    const source = await this.#options.source(repository.name);
    const listing = source?.tags?.({ signal: this.#ended.signal });
    return listing && this.#unlessDown(repository, async () => (await gather(listing)).sort());
  }

  /** Upstream's referrers in order of their digests; `undefined` as for tags. */
  async referrers(repository: RepositoryStorage, digest: Digest): Promise<readonly Descriptor[] | undefined> {
    const source = await this.#options.source(repository.name);
    const known = await this.#catalogOf(repository).find(digest);
    // Only the digest is asked by; a subject need not exist.
    const subject = known ?? { mediaType: MEDIA_TYPES.ociManifest, digest, size: 0 };
    const listing = source?.referrers?.(subject, { signal: this.#ended.signal });
    return (
      listing &&
      this.#unlessDown(repository, async () =>
        (await gather(listing)).sort((a, b) => (a.digest < b.digest ? -1 : 1)),
      )
    );
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all([...this.#downloads.values()].map((download) => download.ended));
  }

  async #manifest(repository: RepositoryStorage, reference: string): Promise<Descriptor | undefined> {
    const catalog = this.#catalogOf(repository);
    const digest = asDigest(reference);
    const stored = digest === undefined ? await catalog.resolve(reference) : await catalog.find(digest);
    if (stored !== undefined && (digest !== undefined || this.#isFresh(repository, reference))) return stored;
    const source = await this.#options.source(repository.name);
    if (source === undefined) return stored;
    try {
      const found = await this.#ask(source, reference, stored);
      if (found === undefined) return undefined;
      const { descriptor } = found;
      if (digest !== undefined && descriptor.digest !== digest) {
        throw new Refusal(502, "MANIFEST_INVALID", "upstream names another manifest than the one asked for");
      }
      if (stored?.digest !== descriptor.digest) {
        await this.#store(repository, source, found, digest === undefined ? [reference] : []);
      }
      if (digest === undefined) remember(this.#tagged, `${repository.name}:${reference}`, performance.now());
      return { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
    } catch (error) {
      if (stored === undefined) throw error;
      this.#options.onStale?.(error, repository.name);
      return stored;
    }
  }

  /** What upstream says a reference is; with the bytes, where nothing is stored and it can say both at once. */
  #ask(
    source: ContentSource,
    reference: string,
    stored: Descriptor | undefined,
  ): Promise<{ readonly descriptor: Descriptor; readonly bytes?: Uint8Array } | undefined> {
    const { signal } = this.#ended;
    return upstream(async () => {
      if (stored === undefined && source.fetchManifest !== undefined)
        return source.fetchManifest(reference, { signal });
      return { descriptor: await source.resolve(reference, { signal }) };
    });
  }

  async #store(
    repository: RepositoryStorage,
    source: ContentSource,
    found: { readonly descriptor: Descriptor; readonly bytes?: Uint8Array },
    tags: readonly string[],
  ): Promise<void> {
    const { descriptor } = found;
    const catalog = this.#catalogOf(repository);
    const known = (await catalog.find(descriptor.digest)) !== undefined;
    const parsed = await upstream(async () => {
      const bytes =
        found.bytes ?? (known ? await catalog.read(descriptor) : await this.#fetch(source, descriptor));
      verifyBytes(descriptor, bytes);
      return parseManifest(bytes, descriptor.mediaType, { algorithm: digestAlgorithm(descriptor.digest) });
    });
    if (parsed === undefined) {
      throw new Refusal(502, "MANIFEST_UNKNOWN", "upstream names a manifest it has not got");
    }
    await catalog.put(parsed, tags);
    const blobs = this.#blobs.get(repository.name);
    if (blobs !== undefined) learn(blobs, parsed);
  }

  async #fetch(source: ContentSource, descriptor: Descriptor): Promise<Uint8Array> {
    const stream = await source.fetch(descriptor, { signal: this.#ended.signal });
    return stream.bytes(LIMITS.manifestBytes);
  }

  #isFresh(repository: RepositoryStorage, tag: string): boolean {
    const since = this.#tagged.get(`${repository.name}:${tag}`);
    return since !== undefined && performance.now() - since < (this.#options.tagLifetimeMs ?? 0);
  }

  async #knownBlobs(repository: RepositoryStorage): Promise<ReadonlyMap<Digest, Descriptor>> {
    const known = this.#blobs.get(repository.name);
    if (known !== undefined) return known;
    const learnt = new Map<Digest, Descriptor>();
    const catalog = this.#catalogOf(repository);
    for (const { descriptor } of await catalog.manifests()) {
      learn(learnt, parseManifest(await catalog.read(descriptor), descriptor.mediaType));
    }
    remember(this.#blobs, repository.name, learnt);
    return learnt;
  }

  /** What is stored serves where upstream does not answer. */
  async #unlessDown<T>(repository: RepositoryStorage, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await upstream(ask);
    } catch (error) {
      this.#options.onStale?.(error, repository.name);
      return undefined;
    }
  }
}

/** `undefined` where upstream says that there is nothing; 502 `UNAVAILABLE` where it says anything else. */
async function upstream<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    // Every package's errors have such a code; which package the source is from is not known here.
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "NOT_FOUND") return undefined;
    throw new Refusal(502, "UNAVAILABLE", `upstream failed${typeof code === "string" ? ` (${code})` : ""}`, {
      cause: error,
    });
  }
}

function learn(known: Map<Digest, Descriptor>, parsed: ParsedManifest): void {
  if (parsed.kind === "index") return;
  for (const blob of successors(parsed)) known.set(blob.digest, blob);
}

function singleFlight<T>(flights: Map<string, Promise<T>>, key: string, start: () => Promise<T>): Promise<T> {
  const running = flights.get(key);
  if (running !== undefined) return running;
  const flight = start().finally(() => flights.delete(key));
  flights.set(key, flight);
  return flight;
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > MAX_REMEMBERED && oldest !== undefined) map.delete(oldest);
}

async function gather<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
