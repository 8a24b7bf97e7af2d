import {
  artifactTypeOf,
  ContentError,
  type Descriptor,
  isManifestType,
  LIMITS,
  type ParsedManifest,
  parseManifest,
  subjectOf,
  successors,
} from "@reg/content";
import type { Digest } from "@reg/reference";
import { isTag } from "./names.ts";
import type { RegistryStorage, RepositoryStorage } from "./storage.ts";

/** Names an entry of a layout's index (image-spec, annotations.md). */
const REF_NAME = "org.opencontainers.image.ref.name";

/** What is known of a manifest without reading it again. */
interface ManifestRecord {
  /** As a listing of referrers shows it: with the manifest's own annotations. */
  readonly descriptor: Descriptor;
  readonly subject: Digest | undefined;
  readonly children: readonly Descriptor[];
}

interface View {
  readonly entries: readonly Descriptor[];
  readonly tags: ReadonlyMap<string, Descriptor>;
  readonly listed: ReadonlyMap<Digest, Descriptor>;
  /** Everything reachable from the index; found when first needed, for it takes reading every manifest once. */
  reachable?: Promise<ReadonlyMap<Digest, ManifestRecord>>;
}

/**
 * One repository's manifests and tags, as its index tells them. A manifest is in the repository when the index lists
 * it, or when an index that is in the repository names it and its content is there: so layouts that other tools wrote,
 * which list top-level manifests alone, are served whole. The same walk finds the manifests that a referrers tag of
 * the fallback scheme lists (distribution-spec, "Referrers Tag Schema").
 */
export class ManifestCatalog {
  readonly #storage: RegistryStorage;
  readonly #repository: RepositoryStorage;
  readonly #records = new Map<Digest, ManifestRecord>();
  #view: View | undefined;

  constructor(storage: RegistryStorage, repository: RepositoryStorage) {
    this.#storage = storage;
    this.#repository = repository;
  }

  /** Every tag, in ASCII order. */
  async tags(): Promise<readonly string[]> {
    return [...(await this.#current()).tags.keys()].sort();
  }

  async resolve(tag: string): Promise<Descriptor | undefined> {
    return (await this.#current()).tags.get(tag);
  }

  async find(digest: Digest): Promise<Descriptor | undefined> {
    const view = await this.#current();
    return view.listed.get(digest) ?? (await this.#reachable(view)).get(digest)?.descriptor;
  }

  /** Every manifest, each once. */
  async manifests(): Promise<readonly ManifestRecord[]> {
    return [...(await this.#reachable(await this.#current())).values()];
  }

  /** Descriptors of the manifests whose subject this is, in order of their digests so that pages are stable. */
  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    const records = await this.manifests();
    return records
      .filter((record) => record.subject === subject)
      .map((record) => record.descriptor)
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }

  async read(descriptor: Descriptor): Promise<Uint8Array> {
    if (descriptor.size > LIMITS.manifestBytes) {
      throw new ContentError("SIZE_EXCEEDED", `the manifest ${descriptor.digest} is larger than 4 MiB`);
    }
    const bytes = new Uint8Array(descriptor.size);
    let length = 0;
    for await (const chunk of this.#repository.read(descriptor.digest)) {
      if (length + chunk.byteLength > bytes.byteLength) {
        throw new ContentError(
          "SIZE_MISMATCH",
          `the manifest ${descriptor.digest} is larger than its index says`,
        );
      }
      bytes.set(chunk, length);
      length += chunk.byteLength;
    }
    return bytes.subarray(0, length);
  }

  /** Stores a manifest's bytes as they came, and gives it tags. */
  async put(parsed: ParsedManifest, tags: readonly string[]): Promise<void> {
    const { descriptor, bytes } = parsed;
    const writer = await this.#storage.writer();
    try {
      await writer.write(bytes);
      await writer.commit(this.#repository, descriptor.digest);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    this.#records.set(descriptor.digest, recordOf(parsed));
    await this.#repository.updateIndex((entries) => withTags(entries, descriptor, tags));
  }

  /** Takes a name away; the manifest stays. False where there was none. */
  async untag(tag: string): Promise<boolean> {
    if (!(await this.#current()).tags.has(tag)) return false;
    await this.#repository.updateIndex((entries) => withoutTags(entries, new Set([tag])));
    return true;
  }

  /** Removes a manifest and every tag it has; false where there was none. */
  async delete(digest: Digest): Promise<boolean> {
    if ((await this.find(digest)) === undefined) return false;
    await this.#repository.updateIndex((entries) => entries.filter((entry) => entry.digest !== digest));
    await this.#repository.remove(digest);
    this.#records.delete(digest);
    this.#view = undefined; // content that an index names is gone, which the index itself does not tell
    return true;
  }

  /** Removes the repository, and forgets what was in it; false where the storage has no way to. */
  async clear(): Promise<boolean> {
    if (this.#repository.clear === undefined) return false;
    await this.#repository.clear();
    this.#records.clear();
    this.#view = undefined;
    return true;
  }

  async #current(): Promise<View> {
    const entries = await this.#repository.index();
    if (this.#view?.entries !== entries) this.#view = viewOf(entries);
    return this.#view;
  }

  #reachable(view: View): Promise<ReadonlyMap<Digest, ManifestRecord>> {
    view.reachable ??= this.#walk(view).catch((error: unknown) => {
      delete view.reachable; // the next request tries again
      throw error;
    });
    return view.reachable;
  }

  async #walk(view: View): Promise<ReadonlyMap<Digest, ManifestRecord>> {
    const found = new Map<Digest, ManifestRecord>();
    const waiting = [...view.listed.values()];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next.digest) || !isManifestType(next.mediaType)) continue;
      const record = this.#records.get(next.digest) ?? (await this.#inspect(next));
      if (record === undefined) continue;
      this.#records.set(next.digest, record);
      found.set(next.digest, record);
      waiting.push(...record.children);
    }
    for (const digest of this.#records.keys()) {
      if (!found.has(digest)) this.#records.delete(digest);
    }
    return found;
  }

  /** `undefined` where the content is missing, or is no manifest: a layout may name what it does not hold. */
  async #inspect(descriptor: Descriptor): Promise<ManifestRecord | undefined> {
    const size = await this.#repository.stat(descriptor.digest);
    if (size === undefined || size > LIMITS.manifestBytes) return undefined;
    try {
      return recordOf(
        parseManifest(await this.read({ ...descriptor, size }), descriptor.mediaType),
        descriptor.digest,
      );
    } catch (error) {
      if (error instanceof ContentError && error.code !== "STORAGE") return undefined;
      throw error;
    }
  }
}

function viewOf(entries: readonly Descriptor[]): View {
  const tags = new Map<string, Descriptor>();
  const listed = new Map<Digest, Descriptor>();
  for (const entry of entries) {
    const tag = entry.annotations?.[REF_NAME];
    if (tag !== undefined && isTag(tag)) tags.set(tag, entry);
    listed.set(entry.digest, entry);
  }
  return { entries, tags, listed };
}

function recordOf(parsed: ParsedManifest, digest: Digest = parsed.descriptor.digest): ManifestRecord {
  const annotations = parsed.kind === "schema1" ? undefined : parsed.document.annotations;
  const artifactType = artifactTypeOf(parsed);
  return {
    descriptor: {
      mediaType: parsed.mediaType,
      digest,
      size: parsed.bytes.byteLength,
      ...(artifactType === undefined ? {} : { artifactType }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    subject: subjectOf(parsed)?.digest,
    children:
      parsed.kind === "index" ? successors(parsed).filter((child) => isManifestType(child.mediaType)) : [],
  };
}

/** The index with a manifest in it, and with these tags on it and on nothing else. */
function withTags(
  entries: readonly Descriptor[],
  descriptor: Descriptor,
  tags: readonly string[],
): readonly Descriptor[] {
  const { mediaType, digest, size } = descriptor;
  if (tags.length === 0) {
    const known = entries.some((entry) => entry.digest === digest);
    return known ? entries : [...entries, { mediaType, digest, size }];
  }
  const others = withoutTags(entries, new Set(tags)).filter(
    (entry) => entry.digest !== digest || entry.annotations?.[REF_NAME] !== undefined,
  );
  const named = tags.map((tag) => ({ mediaType, digest, size, annotations: { [REF_NAME]: tag } }));
  return [...others, ...named];
}

/** The index without these names. A manifest that loses its last one stays listed. */
function withoutTags(entries: readonly Descriptor[], tags: ReadonlySet<string>): readonly Descriptor[] {
  const kept = entries.filter((entry) => !tags.has(entry.annotations?.[REF_NAME] ?? ""));
  const listed = new Set(kept.map((entry) => entry.digest));
  for (const entry of entries) {
    if (listed.has(entry.digest)) continue;
    listed.add(entry.digest);
    const { [REF_NAME]: _tag, ...annotations } = entry.annotations ?? {};
    const { annotations: _all, ...untagged } = entry;
    kept.push(Object.keys(annotations).length === 0 ? untagged : { ...untagged, annotations });
  }
  return kept;
}
