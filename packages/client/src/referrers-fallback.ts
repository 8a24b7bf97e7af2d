import { artifactTypeOf, type Descriptor, MEDIA_TYPES, type ParsedManifest, subjectOf } from "@reg/content";
import type { Digest } from "@reg/reference";
import { type Access, formatName } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { inOrder } from "./in-order.ts";
import { getManifest } from "./manifest-read.ts";
import type { CallOptions } from "./options.ts";
import { backoff } from "./transience.ts";
import { manifestUrl } from "./urls.ts";

/**
 * The tag that holds a manifest's referrers where a registry has no API for them (distribution-spec, "Referrers Tag
 * Schema"): a tag's length does not let a sha512 in whole.
 */
export function fallbackTag(digest: Digest): string {
  const colon = digest.indexOf(":");
  const algorithm = digest.slice(0, colon).slice(0, MAX_ALGORITHM_CHARACTERS);
  const encoded = digest.slice(colon + 1).slice(0, MAX_ENCODED_CHARACTERS);
  return `${algorithm}-${encoded}`.replaceAll(/[^A-Za-z0-9._-]/g, "-");
}

/**
 * The referrers a fallback tag lists; empty where there is no such tag. A tag that stands for only a part of the digest
 * may be that of several subjects: then each manifest tells whose it is.
 */
export async function readFallback(
  access: Access,
  subject: Digest,
  options: CallOptions = {},
): Promise<readonly Descriptor[]> {
  const { entries } = await readList(access, fallbackTag(subject), options);
  if (subject.length - subject.indexOf(":") - 1 <= MAX_ENCODED_CHARACTERS) return entries;
  const own: Descriptor[] = [];
  const { concurrency } = access.wire;
  for await (const entry of inOrder(entries, concurrency, (item) =>
    ifSubject(access, item, subject, options),
  )) {
    if (entry !== undefined) own.push(entry);
  }
  return own;
}

/** An entry that refers to the subject; `undefined` for one that refers to another, or is not there any more. */
async function ifSubject(
  access: Access,
  entry: Descriptor,
  subject: Digest,
  options: CallOptions,
): Promise<Descriptor | undefined> {
  try {
    const manifest = await getManifest(access, entry.digest, options);
    return subjectOf(manifest)?.digest === subject ? entry : undefined;
  } catch (error) {
    if (isRegistryError(error) && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** Adds a manifest to the list of its subject. */
export async function addToFallback(
  access: Access,
  subject: Descriptor,
  referrer: ParsedManifest,
  options: CallOptions = {},
): Promise<void> {
  const entry = describeReferrer(referrer);
  const has = (entries: readonly Descriptor[]): boolean =>
    entries.some(({ digest }) => digest === entry.digest);
  await update(access, subject.digest, options, has, (entries) => [...entries, entry]);
}

/** Takes a manifest off the list of its subject. */
export async function removeFromFallback(
  access: Access,
  subject: Descriptor,
  referrer: Digest,
  options: CallOptions = {},
): Promise<void> {
  const gone = (entries: readonly Descriptor[]): boolean =>
    entries.every(({ digest }) => digest !== referrer);
  await update(access, subject.digest, options, gone, (entries) =>
    entries.filter(({ digest }) => digest !== referrer),
  );
}

/** An entry as a list of referrers has it (distribution-spec, "Listing Referrers"). */
export function describeReferrer(referrer: ParsedManifest): Descriptor {
  const { mediaType, digest, size } = referrer.descriptor;
  const artifactType = artifactTypeOf(referrer);
  const annotations = referrer.kind === "schema1" ? undefined : referrer.document.annotations;
  return {
    mediaType,
    digest,
    size,
    ...(annotations === undefined ? {} : { annotations }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

const MAX_ALGORITHM_CHARACTERS = 32;
const MAX_ENCODED_CHARACTERS = 64;

/** Others may write the same list at the same moment; whoever loses writes again. */
const MAX_UPDATES = 8;

interface ReferrersList {
  readonly entries: readonly Descriptor[];
  readonly exists: boolean;
  readonly etag?: string | undefined;
  /** Members of the index beside its manifests, kept when it is written again. */
  readonly rest: Readonly<Record<string, unknown>>;
}

/**
 * Read, change, write, read again: there is no locking a tag. The write is conditional, which some registries honour;
 * the second look finds an update that another writer has overwritten where they do not.
 */
async function update(
  access: Access,
  subject: Digest,
  options: CallOptions,
  settled: (entries: readonly Descriptor[]) => boolean,
  change: (entries: readonly Descriptor[]) => readonly Descriptor[],
): Promise<void> {
  const tag = fallbackTag(subject);
  // Within this process nobody else needs to be raced.
  await access.wire.turns.run(formatName(access.target, tag), () =>
    write(access, tag, options, settled, change),
  );
}

async function write(
  access: Access,
  tag: string,
  options: CallOptions,
  settled: (entries: readonly Descriptor[]) => boolean,
  change: (entries: readonly Descriptor[]) => readonly Descriptor[],
): Promise<void> {
  let list = await readList(access, tag, options);
  for (let attempt = 1; !settled(list.entries); attempt += 1) {
    if (attempt > MAX_UPDATES) {
      throw new RegistryError(
        "UNAVAILABLE",
        `${formatName(access.target, tag)}: others keep writing the list of referrers; it was not updated.`,
        { retryable: true, registry: access.target.registry, repository: access.target.repository },
      );
    }
    if (attempt > 1) await backoff(attempt - 1, options.signal);
    await writeList(access, tag, list, change(list.entries), options);
    list = await readList(access, tag, options);
  }
}

async function readList(access: Access, tag: string, options: CallOptions): Promise<ReferrersList> {
  try {
    const manifest = await getManifest(access, tag, { ...options, accept: [MEDIA_TYPES.ociIndex] });
    if (manifest.kind !== "index") {
      throw new RegistryError(
        "PROTOCOL",
        `${formatName(access.target, tag)} is no index, so it is no list of referrers; it is left as it is.`,
        { registry: access.target.registry, repository: access.target.repository },
      );
    }
    const { manifests, ...rest } = manifest.document;
    return { entries: manifests, exists: true, etag: manifest.etag, rest };
  } catch (error) {
    if (isRegistryError(error) && error.code === "NOT_FOUND") return { entries: [], exists: false, rest: {} };
    throw error;
  }
}

async function writeList(
  { wire, target, scopes }: Access,
  tag: string,
  before: ReferrersList,
  entries: readonly Descriptor[],
  options: CallOptions,
): Promise<void> {
  const document = { ...before.rest, schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: entries };
  const condition: Readonly<Record<string, string>> = before.exists
    ? before.etag === undefined
      ? {}
      : { "if-match": before.etag }
    : { "if-none-match": "*" };
  await wire.done(
    {
      what: `manifest ${formatName(target, tag)}`,
      target,
      method: "PUT",
      url: manifestUrl(target, tag),
      scopes,
      headers: { "content-type": MEDIA_TYPES.ociIndex, ...condition },
      body: new TextEncoder().encode(JSON.stringify(document)),
      signal: options.signal,
    },
    201,
    200,
    202,
    204,
    // Somebody was faster: the next look shows their list.
    412,
  );
}
