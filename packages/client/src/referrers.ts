import { type Descriptor, type ParsedIndex, parseManifest } from "@reg/content";
import type { Digest } from "@reg/reference";
import { type Access, accessTo, referenceOf } from "./access.ts";
import { RegistryError } from "./errors.ts";
import type { Listing, Page } from "./listing.ts";
import { headManifest } from "./manifest-read.ts";
import type { CallOptions, Ref } from "./options.ts";
import { type FetchedPage, onePage, paging } from "./paging.ts";
import { filteredByType, learnReferrersApi, referrersRequest } from "./referrers-api.ts";
import { readFallback } from "./referrers-fallback.ts";
import type { Wire } from "./wire.ts";

export interface ListReferrersOptions extends CallOptions {
  /** Only those of this type; by the registry where it can, here elsewhere. */
  readonly artifactType?: string | undefined;
  /** Only those that carry all of these. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  /** Of an earlier page. */
  readonly cursor?: string | undefined;
}

/**
 * Manifests that point at another one (distribution-spec, "Listing Referrers").
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * for await (const { digest, artifactType } of client.referrers.list("localhost:5000/demo:1.0")) {
 *   console.log(digest, artifactType);
 * }
 * ```
 */
export interface Referrers {
  /** By the API, or by the fallback tag where a registry has none. A tag in `ref` is resolved first. */
  list(ref: Ref, options?: ListReferrersOptions): Listing<Descriptor>;
}

export class RegistryReferrers implements Referrers {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  list(ref: Ref, options: ListReferrersOptions = {}): Listing<Descriptor> {
    const access = accessTo(this.#wire, ref, "pull");
    const digest = async (): Promise<Digest> =>
      access.target.digest ??
      (await headManifest(access, referenceOf(access.target), { signal: options.signal })).descriptor.digest;
    return listReferrers(access, digest, options);
  }
}

/** The referrers of a digest that is found out when the listing begins. */
export function listReferrers(
  access: Access,
  subject: () => Digest | Promise<Digest>,
  options: ListReferrersOptions,
): Listing<Descriptor> {
  async function* pages(): AsyncGenerator<Page<Descriptor>, void, undefined> {
    yield* (await choose(access, await subject(), options)).pages();
  }
  return {
    pages: () => ({ [Symbol.asyncIterator]: pages }),
    async *[Symbol.asyncIterator]() {
      for await (const page of pages()) yield* page.items;
    },
  };
}

/** Whether a referrer is one of those asked for. */
export function matches(
  item: Descriptor,
  { artifactType, annotations = {} }: Pick<ListReferrersOptions, "artifactType" | "annotations">,
): boolean {
  if (artifactType !== undefined && item.artifactType !== artifactType) return false;
  return Object.entries(annotations).every(([name, value]) => item.annotations?.[name] === value);
}

async function choose(
  access: Access,
  digest: Digest,
  options: ListReferrersOptions,
): Promise<Listing<Descriptor>> {
  const { wire, target } = access;
  const { pageBytes } = wire.limits;
  const fallback = onePage(async () =>
    (await readFallback(access, digest, options)).filter((item) => matches(item, options)),
  );
  if (wire.capabilities.get(target.name, "referrers") === false) return fallback;
  const request = referrersRequest(access, digest, options);
  const fetch = async (url: URL): Promise<FetchedPage<Descriptor> | undefined> => {
    const response = await wire.send({ ...request, url });
    const { supported, error } = await learnReferrersApi(access, request, response);
    if (supported === undefined) throw error;
    if (!supported) return undefined;
    // 400 for a subject that is not known: nothing points at it.
    if (error !== undefined) return { items: [], response };
    const index = readIndex(await response.body.bytes(pageBytes), request.what, pageBytes);
    const filtered = filteredByType(response.headers.get("oci-filters-applied"), index.annotations);
    // What the registry has chosen by type is not chosen again: it has seen the manifests, which know their type best.
    const left = filtered ? { annotations: options.annotations } : options;
    const items = index.manifests;
    return { items, chosen: items.filter((item) => matches(item, left)), response };
  };
  const first = new URL(request.url.href);
  if (options.artifactType !== undefined) first.searchParams.set("artifactType", options.artifactType);
  if (options.cursor !== undefined) first.search = options.cursor;
  const opening = await fetch(first);
  if (opening === undefined) return fallback;
  let begun: FetchedPage<Descriptor> | undefined = opening;
  return paging<Descriptor>({
    first: () => first,
    fetch: async (url) => {
      const page = begun ?? (await fetch(url));
      begun = undefined;
      if (page === undefined) {
        throw new RegistryError("PROTOCOL", `${request.what}: the listing broke off after its first page.`);
      }
      return page;
    },
    key: (item) => item.digest,
    maxPages: wire.limits.pages,
    what: request.what,
  });
}

function readIndex(bytes: Uint8Array, what: string, maxBytes: number): ParsedIndex["document"] {
  let cause: unknown;
  try {
    const parsed = parseManifest(bytes, undefined, { maxBytes });
    if (parsed.kind === "index") return parsed.document;
  } catch (error) {
    cause = error;
  }
  throw new RegistryError("PROTOCOL", `${what}: the answer is not an index.`, { cause });
}
