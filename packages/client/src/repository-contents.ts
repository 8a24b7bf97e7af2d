import { subjectOf } from "@reg/content";
import type { Digest } from "@reg/reference";
import { type Access, formatName, withActions } from "./access.ts";
import { isRegistryError } from "./errors.ts";
import { inOrder } from "./in-order.ts";
import { getManifest, MANIFEST_ACCEPT_FIELD, readDigest } from "./manifest-read.ts";
import type { Manifest } from "./manifests.ts";
import type { CallOptions } from "./options.ts";
import { listReferrers } from "./referrers.ts";
import { hasReferrersApi } from "./referrers-api.ts";
import { listTags } from "./tags.ts";
import { manifestUrl } from "./urls.ts";

/** A manifest of a repository, and what it leads to. */
export interface FoundManifest {
  readonly digest: Digest;
  readonly tags: string[];
  /** The manifests of an index, and the subject of a referrer. */
  readonly refersTo: readonly Digest[];
}

export interface RepositoryContents {
  readonly manifests: ReadonlyMap<Digest, FoundManifest>;
  readonly tags: readonly string[];
}

export interface FindOptions extends CallOptions {
  readonly concurrency: number;
  /** Manifests to begin with besides those that tags name. */
  readonly manifests: readonly Digest[];
  readonly onFound?: ((reference: string) => void) | undefined;
}

/**
 * Every tag, and every manifest that can be reached from one: by way of indexes, subjects and referrers; those of the
 * fallback scheme are in the index that their subject's tag names. What no tag leads to cannot be found.
 */
export async function findContents(access: Access, options: FindOptions): Promise<RepositoryContents> {
  const reading = withActions(access, "pull");
  const manifests = new Map<Digest, FoundManifest>();
  const tags: string[] = [];
  const read = async (tag: string): Promise<readonly [string, FoundManifest | undefined]> => [
    tag,
    await readManifest(reading, tag, options),
  ];
  for await (const [tag, found] of inOrder(listTags(reading, options), options.concurrency, read)) {
    tags.push(tag);
    options.onFound?.(tag);
    if (found === undefined) continue;
    const known = manifests.get(found.digest);
    if (known === undefined) {
      manifests.set(found.digest, found);
      options.onFound?.(found.digest);
    }
    (known ?? found).tags.push(tag);
  }
  await follow(reading, manifests, options.manifests, options);
  return { manifests, tags };
}

/** Adds the manifests given, and what all of them lead to, one step after the other. */
async function follow(
  access: Access,
  manifests: Map<Digest, FoundManifest>,
  given: readonly Digest[],
  options: FindOptions,
): Promise<void> {
  const [first = given[0]] = manifests.keys();
  if (first === undefined) return;
  // A list that cannot be had now is asked for below, and fails there: it is never taken for an empty one.
  const asksReferrers = (await hasReferrersApi(access, first, options)) !== false;
  const leadsTo = async ({ digest, refersTo }: FoundManifest): Promise<readonly Digest[]> => {
    if (!asksReferrers) return refersTo;
    const all = [...refersTo];
    for await (const referrer of listReferrers(access, () => digest, options)) all.push(referrer.digest);
    return all;
  };
  const read = async (digest: Digest): Promise<readonly [Digest, FoundManifest | undefined]> => [
    digest,
    await readManifest(access, digest, options),
  ];
  const seen = new Set(manifests.keys());
  let step: readonly FoundManifest[] = [...manifests.values()];
  let next: ReadonlySet<Digest> = new Set(given.filter((digest) => !seen.has(digest)));
  while (step.length > 0 || next.size > 0) {
    const digests = new Set(next);
    for await (const found of inOrder(step, options.concurrency, leadsTo)) {
      for (const digest of found) if (!seen.has(digest)) digests.add(digest);
    }
    const found: FoundManifest[] = [];
    for await (const [digest, manifest] of inOrder(digests, options.concurrency, read)) {
      seen.add(digest);
      if (manifest === undefined) continue;
      manifests.set(digest, manifest);
      found.push(manifest);
      options.onFound?.(digest);
    }
    step = found;
    next = new Set();
  }
}

/** `undefined` where there is none: a tag may outlive its manifest, and an index may name what was never here. */
async function readManifest(
  access: Access,
  reference: string,
  options: CallOptions,
): Promise<FoundManifest | undefined> {
  try {
    const manifest = await getManifest(access, reference, options);
    return { digest: manifest.descriptor.digest, tags: [], refersTo: referencesOf(manifest) };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isRegistryError(error)) throw error;
    if (error.code === "NOT_FOUND") return undefined;
    // What is no manifest to us, or too large, can be deleted as well; it leads nowhere.
    if (!UNREADABLE.has(error.code)) throw error;
    const digest = readDigest(reference) ?? (await digestOfTag(access, reference, options));
    if (digest === undefined) throw error;
    return { digest, tags: [], refersTo: [] };
  }
}

/** As the registry says: it is its own name for something that is only to be deleted. */
async function digestOfTag(
  { wire, target, scopes }: Access,
  tag: string,
  { signal }: CallOptions,
): Promise<Digest | undefined> {
  const what = `manifest ${formatName(target, tag)}`;
  const headers = { accept: MANIFEST_ACCEPT_FIELD };
  const request = { what, target, method: "HEAD", url: manifestUrl(target, tag), scopes, headers, signal };
  const response = await wire.done(request, 200);
  return readDigest(response.headers.get("docker-content-digest"));
}

const UNREADABLE: ReadonlySet<string> = new Set([
  "PROTOCOL",
  "SIZE_EXCEEDED",
  "UNSUPPORTED",
  "DIGEST_MISMATCH",
]);

function referencesOf(manifest: Manifest): readonly Digest[] {
  const children = manifest.kind === "index" ? manifest.document.manifests : [];
  const subject = subjectOf(manifest);
  const all = [...children, ...(subject === undefined ? [] : [subject])].map(({ digest }) => digest);
  // By a digest of another kind nothing can be asked for.
  return all.filter((digest) => readDigest(digest) !== undefined);
}
