import {
  compareVersions,
  type Descriptor,
  MEDIA_TYPES,
  matchesGlob,
  parseVersion,
  parseVersionRange,
  type Version,
} from "@reg/content";
import { type Access, accessTo, formatName, withActions } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { describeImage, type ImageOptions } from "./images.ts";
import { inOrder } from "./in-order.ts";
import type { Listing } from "./listing.ts";
import { headManifest } from "./manifest-read.ts";
import { deleteReference, putManifest } from "./manifest-write.ts";
import { listNames } from "./names-page.ts";
import type { CallOptions, Ref } from "./options.ts";
import { filtered, limited, onePage } from "./paging.ts";
import { isTag } from "./tag-name.ts";
import { tagsUrl } from "./urls.ts";
import type { Wire } from "./wire.ts";

export interface ListTagsOptions extends CallOptions {
  /** Asked for as `n`; the registry may give fewer. Default: the registry's own. */
  readonly pageSize?: number | undefined;
  /** Start after this tag (`last`). */
  readonly after?: string | undefined;
  /** Of an earlier page. */
  readonly cursor?: string | undefined;
  /** Ask behind a full page (of `pageSize`) that has no link: some registries send none. Default false. */
  readonly probe?: boolean | undefined;
  /** Stop after so many tags. */
  readonly limit?: number | undefined;
  /** A glob (`v1.*`), or an expression. */
  readonly match?: string | RegExp | undefined;
  /** A semver range such as `>=1.2 <2 || 3.x`; tags that are no versions are left out. */
  readonly semver?: string | undefined;
  /** Other than the registry's own, needs them all at once in memory. `created` costs requests for each tag. */
  readonly order?: "registry" | "name" | "semver" | "created" | undefined;
  readonly reverse?: boolean | undefined;
}

export interface TagDetailsOptions extends ListTagsOptions {
  /** Also reads each image's config for the time it was created: two more requests a tag, or three. */
  readonly created?: boolean | undefined;
  /** Also reads each image's manifest for its size: one more request a tag, or two; none where `created` is asked too. */
  readonly sizes?: boolean | undefined;
  /** Of an image for several platforms, the one that `created` and `bytes` are about: default linux/amd64, else the first. */
  readonly platform?: ImageOptions["platform"];
  /** Requests in flight; default the client's. */
  readonly concurrency?: number | undefined;
}

export interface TagDetails {
  readonly tag: string;
  /** Absent where the tag went away, or could not be read: see `error`. */
  readonly descriptor?: Descriptor | undefined;
  /** RFC 3339, as the image says. */
  readonly created?: string | undefined;
  /** Of the whole image for one platform: manifest, config and layers. */
  readonly bytes?: number | undefined;
  readonly error?: Error | undefined;
}

export interface DeleteTagOptions extends CallOptions {
  /**
   * Where the registry deletes no tags: push an empty manifest to the tag and delete that by its digest, so that
   * nothing but the tag goes away. Default false.
   */
  readonly emulate?: boolean | undefined;
}

/**
 * Tags of a repository (distribution-spec, "Listing Tags", "Deleting tags"). What a registry lists and is no tag is left
 * out.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * for await (const tag of client.tags.list("ghcr.io/owner/image", { semver: "^1", order: "semver" })) console.log(tag);
 * ```
 */
export interface Tags {
  list(repository: Ref, options?: ListTagsOptions): Listing<string>;
  /** Digest, size and media type of each tag, in the listing's order. */
  details(repository: Ref, options?: TagDetailsOptions): AsyncIterable<TagDetails>;
  /** Deletes the tag and never the manifest it names. Code `UNSUPPORTED` where the registry cannot. */
  delete(ref: Ref, options?: DeleteTagOptions): Promise<void>;
}

export class RegistryTags implements Tags {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  list(repository: Ref, options: ListTagsOptions = {}): Listing<string> {
    return listTags(accessTo(this.#wire, repository, "pull"), options);
  }

  details(repository: Ref, options: TagDetailsOptions = {}): AsyncIterable<TagDetails> {
    const access = accessTo(this.#wire, repository, "pull");
    return listDetails(access, options);
  }

  async delete(ref: Ref, options: DeleteTagOptions = {}): Promise<void> {
    const access = accessTo(this.#wire, ref, "delete");
    const { tag, digest, name } = access.target;
    if (tag === undefined || digest !== undefined) {
      throw new RegistryError("INVALID", `${name}: a tag is needed here and no digest, as in ${name}:1.0.`);
    }
    await deleteTag(access, tag, options);
  }
}

/** The tags of a repository, chosen and ordered. */
export function listTags(access: Access, options: ListTagsOptions = {}): Listing<string> {
  const { wire, target, scopes } = access;
  const request = {
    what: `tags of ${target.name}`,
    target,
    method: "GET",
    url: tagsUrl(target),
    scopes,
    signal: options.signal,
  };
  const keep = selector(options);
  // Some registries list digests among the tags: what is no tag could not be asked for either.
  const all = listNames(wire, request, "tags", isTag, options);
  const chosen = keep === undefined ? all : filtered(all, keep);
  const { order = "registry", reverse = false } = options;
  if (order === "registry" && !reverse) return limited(chosen, options.limit);
  const sorted = onePage(async () => {
    const tags: string[] = [];
    for await (const tag of chosen) tags.push(tag);
    const inOrderOf = order === "created" ? await byCreation(access, tags, options) : sort(tags, order);
    return reverse ? inOrderOf.reverse() : inOrderOf;
  });
  return limited(sorted, options.limit);
}

/** Deletes a tag. The manifest stays, whatever else names it. */
export async function deleteTag(access: Access, tag: string, options: DeleteTagOptions = {}): Promise<void> {
  const { wire, target } = access;
  const unsupported = wire.capabilities.get(target.registry, "tagDelete") === false;
  if (!(unsupported && options.emulate === true)) {
    try {
      await deleteReference(access, tag, options);
      wire.capabilities.learn(target.registry, "tagDelete", true);
      return;
    } catch (error) {
      if (!isRegistryError(error) || !refusesTags(error)) throw error;
      wire.capabilities.learn(target.registry, "tagDelete", false);
      if (options.emulate !== true) throw explained(error, formatName(target, tag));
    }
  }
  await emulateDelete(access, tag, options);
}

/** 405, or 400 with a code that says as much (distribution-spec, "Deleting tags"). */
function refusesTags(error: RegistryError): boolean {
  if (error.code === "UNSUPPORTED") return true;
  return (
    error.status === 400 &&
    error.errors.some(({ code }) => code === "DIGEST_INVALID" || code === "UNSUPPORTED")
  );
}

function explained(error: RegistryError, name: string): RegistryError {
  return new RegistryError(
    "UNSUPPORTED",
    `DELETE ${name}: this registry deletes no tags, only manifests by their digest, with all their tags (option emulate: a manifest made for it is deleted in its place).`,
    {
      status: error.status,
      errors: error.errors,
      registry: error.registry,
      repository: error.repository,
      cause: error,
    },
  );
}

/** The tag is moved to a manifest that nothing else names, and that is deleted by its digest. */
async function emulateDelete(access: Access, tag: string, options: CallOptions): Promise<void> {
  const writing = withActions(access, "pull,push");
  // It must be there: or a tag would be made in order to be deleted.
  await headManifest(withActions(access, "pull"), tag, options);
  const { descriptor } = await putManifest(writing, placeholder(), {
    ...options,
    mediaType: MEDIA_TYPES.ociIndex,
    tags: [tag],
    byDigest: false,
  });
  await deleteReference(access, descriptor.digest, options);
}

/** An empty index, which needs no blobs; unlike every other one, so that no other tag names it. */
function placeholder(): Uint8Array {
  const annotations = { "dev.reg.placeholder": crypto.randomUUID() };
  const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [], annotations };
  return new TextEncoder().encode(JSON.stringify(document));
}

async function* listDetails(
  access: Access,
  options: TagDetailsOptions,
): AsyncGenerator<TagDetails, void, undefined> {
  const concurrency = options.concurrency ?? access.wire.concurrency;
  yield* inOrder(listTags(access, options), concurrency, (tag) => describe(access, tag, options));
}

async function describe(access: Access, tag: string, options: TagDetailsOptions): Promise<TagDetails> {
  const { signal } = options;
  try {
    const { descriptor } = await headManifest(access, tag, { signal });
    if (options.created !== true && options.sizes !== true) return { tag, descriptor };
    const { created, sizes, platform } = options;
    return {
      tag,
      descriptor,
      ...(await describeImage(access, descriptor, { created, sizes, platform, signal })),
    };
  } catch (error) {
    signal?.throwIfAborted();
    // One tag that cannot be read, or was deleted meanwhile, is no reason to keep the others back.
    if (isRegistryError(error)) return { tag, error };
    throw error;
  }
}

async function byCreation(
  access: Access,
  tags: readonly string[],
  options: ListTagsOptions,
): Promise<string[]> {
  const dated: { readonly tag: string; readonly time: number }[] = [];
  const describeOne = (tag: string): Promise<TagDetails> =>
    describe(access, tag, { signal: options.signal, created: true });
  for await (const { tag, created } of inOrder(tags, access.wire.concurrency, describeOne)) {
    const time = created === undefined ? Number.NaN : Date.parse(created);
    dated.push({ tag, time: Number.isNaN(time) ? Number.NEGATIVE_INFINITY : time });
  }
  return dated.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0)).map(({ tag }) => tag);
}

function selector(options: ListTagsOptions): ((tag: string) => boolean) | undefined {
  const { match, semver } = options;
  const tests: ((tag: string) => boolean)[] = [];
  if (typeof match === "string") tests.push((tag) => matchesGlob(match, tag));
  // An expression with the flag g remembers where it was: each tag is tested by itself.
  else if (match !== undefined) tests.push((tag) => tag.search(match) >= 0);
  if (semver !== undefined) {
    const isInRange = parseVersionRange(semver);
    tests.push((tag) => {
      const version = parseVersion(tag);
      return version !== undefined && isInRange(version);
    });
  }
  return tests.length === 0 ? undefined : (tag) => tests.every((test) => test(tag));
}

function sort(tags: string[], order: "registry" | "name" | "semver"): string[] {
  if (order === "name") return tags.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  if (order === "registry") return tags;
  const versions: { readonly tag: string; readonly version: Version }[] = [];
  const others: string[] = [];
  for (const tag of tags) {
    const version = parseVersion(tag);
    if (version === undefined) others.push(tag);
    else versions.push({ tag, version });
  }
  versions.sort((a, b) => compareVersions(a.version, b.version) || (a.tag < b.tag ? -1 : 1));
  // What is no version has no place among them.
  return [...others.sort(), ...versions.map(({ tag }) => tag)];
}
