import { MEDIA_TYPES } from "@reg/content";
import type { Digest } from "@reg/reference";
import type { TransportResponse } from "@reg/transport";
import type { Access } from "./access.ts";
import type { RegistryError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { referrersUrl } from "./urls.ts";
import type { WireRequest } from "./wire.ts";

export function referrersRequest(access: Access, digest: Digest, options: CallOptions): WireRequest {
  const { target, scopes } = access;
  return {
    what: `referrers of ${target.name}@${digest}`,
    target,
    method: "GET",
    url: referrersUrl(target, digest),
    scopes,
    headers: { accept: MEDIA_TYPES.ociIndex },
    signal: options.signal,
  };
}

/**
 * Whether the registry keeps the list of referrers itself; one request where that is not known. `undefined` where it
 * cannot be told now: it is then neither believed nor remembered.
 */
export async function hasReferrersApi(
  access: Access,
  digest: Digest,
  options: CallOptions = {},
): Promise<boolean | undefined> {
  const { wire, target } = access;
  const known = wire.capabilities.get(target.name, "referrers");
  if (known !== undefined) return known;
  const request = referrersRequest(access, digest, options);
  const response = await wire.send(request);
  const { supported } = await learnReferrersApi(access, request, response);
  await response.body.discard();
  return supported;
}

/**
 * Whether the registry has left out what is of another type (distribution-spec, "Listing Referrers"): a header says so,
 * or an annotation of the list, as in drafts of the specification.
 */
export function filteredByType(
  header: string | undefined,
  annotations: Readonly<Record<string, string>> | undefined,
): boolean {
  const applied = `${header ?? ""},${annotations?.[FILTERS_ANNOTATION] ?? ""}`;
  return applied.split(",").some((filter) => filter.trim() === "artifactType");
}

const FILTERS_ANNOTATION = "org.opencontainers.referrers.filtersApplied";

export interface ReferrersVerdict {
  readonly supported: boolean | undefined;
  /** What the answer means, where it is no list. */
  readonly error?: RegistryError;
}

/** Judges an answer and remembers what it says of the API. Only the body of a list is left to be read. */
export async function learnReferrersApi(
  { wire, target }: Access,
  request: WireRequest,
  response: TransportResponse,
): Promise<ReferrersVerdict> {
  const supported = judgeReferrersStatus(response.status, response.headers.get("content-type"));
  if (response.status === 200 && supported === true) {
    wire.capabilities.learn(target.name, "referrers", true);
    return { supported };
  }
  const error = await wire.refuse(request, response);
  // Where there is no repository there is no list of its referrers, and this says nothing of the day there is one.
  const isUnknown = error.errors.some(({ code }) => code === "NAME_UNKNOWN");
  if (supported !== undefined && !isUnknown) wire.capabilities.learn(target.name, "referrers", supported);
  return { supported, error };
}

/**
 * What an answer says of the API (distribution-spec, "Listing Referrers"): with it, the answer is always 200 and an
 * index; a 404 and its like mean that there is none. 400 is what quay answers for a subject it does not know.
 */
export function judgeReferrersStatus(status: number, contentType: string | undefined): boolean | undefined {
  switch (status) {
    case 200:
      // A page that some proxy or website answers to everything is no list of referrers.
      return contentType === undefined || !contentType.toLowerCase().startsWith("text/html");
    case 400:
      return true;
    case 404:
    case 405:
    case 406:
    case 501:
      return false;
    default:
      return undefined;
  }
}
