import type { Digest } from "@reg/reference";
import type { TransportResponse } from "@reg/transport";
import { type Access, withActions } from "./access.ts";
import type { Capability } from "./capabilities.ts";
import { isLoopback } from "./endpoint.ts";
import { RegistryError } from "./errors.ts";
import type { CallOptions } from "./options.ts";
import { repositoryScope } from "./scopes.ts";
import { transportCode } from "./transience.ts";
import type { WireRequest } from "./wire.ts";

export interface WayOptions extends CallOptions {
  /** A token of the registry's own API. */
  readonly apiToken?: string | undefined;
}

/** A repository that its registry deletes as a whole. */
export interface Offer {
  readonly manifestCount?: number | undefined;
  readonly tagCount?: number | undefined;
  /** Asks for it. What the registry says it has deleted, where it does. */
  delete(): Promise<Told>;
}

/** What a registry says it has deleted. */
export interface Told {
  readonly manifests?: readonly Digest[] | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** That a repository is not to be had this way. */
export interface Absence {
  /** What this says of the registry; absent where it says nothing that would hold for the next request. */
  readonly api?: boolean;
  /** Why, where it is more than that the registry has no such API. */
  readonly error?: RegistryError;
  /** What leaves it open whether there is such an API: somebody else may be let in. */
  readonly doubt?: RegistryError;
}

/** An API beside the specification that deletes repositories. */
export interface RepositoryWay {
  readonly name: "acr" | "harbor" | "quay";
  readonly capability: Capability;
  /** Looks whether it is there, and the repository in it; `known` where it is known to be there. Changes nothing. */
  look(access: Access, known: boolean, options: WayOptions): Promise<Offer | Absence>;
}

export function isOffer(found: Offer | Absence): found is Offer {
  return "delete" in found;
}

/**
 * Azure's: `/acr/v1/<name>`, signed in to as the registry itself; it names the further scopes it wants in its challenge.
 * The embedded registry of `@reg/server` has it too.
 */
const acr: RepositoryWay = {
  name: "acr",
  capability: "acrDelete",
  async look(access, known, options) {
    const { wire, target } = access;
    const url = new URL(`/acr/v1/${target.repository}`, target.origin);
    const request = lookAt(access, url, options);
    const response = await wire.send(request);
    if (response.status !== 200) return absence(await wire.refuse(request, response), known);
    const found = await readObject(access, request, response);
    if (found?.["imageName"] !== target.repository) return { api: false };
    return {
      manifestCount: count(found["manifestCount"]),
      tagCount: count(found["tagCount"]),
      async delete() {
        const { scopes } = withActions(access, "delete");
        const answer = await remove(access, { ...request, method: "DELETE", scopes });
        return {
          // A digest of the registry's is only told.
          manifests: texts(answer?.["manifestsDeleted"]) as readonly Digest[] | undefined,
          tags: texts(answer?.["tagsDeleted"]),
        };
      },
    };
  },
};

/** Harbor's: it takes the account's password and none of the registry's tokens. */
const harbor: RepositoryWay = {
  name: "harbor",
  capability: "harborDelete",
  async look(access, known, options) {
    const { wire, target } = access;
    const slash = target.repository.indexOf("/");
    // Each repository of Harbor's is in a project: this is none of its, and says nothing of the others.
    if (slash < 0) return {};
    if (!known) {
      const url = new URL("/api/v2.0/systeminfo", target.origin);
      // Harbor tells it to everybody: no password is sent before it is known to be one.
      const request = lookAt(access, url, options, "none");
      const response = await wire.send(request);
      if (response.status !== 200) return absence(await wire.refuse(request, response), false);
      const system = await readObject(access, request, response);
      if (typeof system?.["auth_mode"] !== "string") return { api: false };
    }
    const project = target.repository.slice(0, slash);
    // Encoded twice, as its API wants a slash within a parameter.
    const rest = encodeURIComponent(encodeURIComponent(target.repository.slice(slash + 1)));
    const url = new URL(`/api/v2.0/projects/${project}/repositories/${rest}`, target.origin);
    const request = lookAt(access, url, options, "basic");
    const response = await wire.send(request);
    if (response.status !== 200) return absence(await wire.refuse(request, response), true);
    const found = await readObject(access, request, response);
    return {
      manifestCount: count(found?.["artifact_count"]),
      async delete() {
        await remove(access, { ...request, method: "DELETE" });
        return {};
      },
    };
  },
};

/** Quay's: it takes the token of an OAuth application and nothing else. */
const quay: RepositoryWay = {
  name: "quay",
  capability: "quayDelete",
  async look(access, known, options) {
    const { wire, target } = access;
    const { apiToken } = options;
    if (!target.repository.includes("/")) return {};
    const url = new URL(`/api/v1/repository/${target.repository}`, target.origin);
    const headers = apiToken === undefined ? undefined : { authorization: `Bearer ${apiToken}` };
    const request = { ...lookAt(access, url, options, "none"), headers };
    const response = await wire.send(request);
    const found = await readObject(access, request, response);
    const isQuay = known || typeof found?.["error_type"] === "string" || isNamed(found, target.repository);
    if (!isQuay) {
      const passing = response.status === 429 || response.status === 408 || response.status >= 500;
      return passing ? { error: await wire.refuse(request, response) } : { api: false };
    }
    if (apiToken === undefined) return { api: true, error: wantsToken(access) };
    if (response.status !== 200) return { api: true, error: refusal(access, request, response, found) };
    return {
      async delete() {
        await remove(access, { ...request, method: "DELETE" });
        return {};
      },
    };
  },
};

export const REPOSITORY_WAYS: readonly RepositoryWay[] = [acr, harbor, quay];

/**
 * @throws RegistryError `POLICY_REFUSED` for a token that would go over the network in the clear; `INVALID` for one that
 * cannot stand in a header.
 */
export function assertToken({ target }: Access, token: string): void {
  const { registry, repository, origin } = target;
  const place = { registry, repository };
  for (let i = 0; i < token.length; i += 1) {
    const c = token.charCodeAt(i);
    if (c > 0x20 && c < 0x7f) continue;
    throw new RegistryError("INVALID", `The apiToken for ${registry} cannot stand in a header.`, place);
  }
  const { protocol, host } = new URL(origin);
  if (protocol === "https:" || isLoopback(host)) return;
  throw new RegistryError("POLICY_REFUSED", `The apiToken is not sent to ${origin} over plain http.`, place);
}

function lookAt(
  { target }: Access,
  url: URL,
  { signal }: CallOptions,
  signIn?: "basic" | "none",
): WireRequest {
  const { repository } = target;
  const scopes = [repositoryScope(repository, "pull")];
  return { what: `repository ${target.name}`, target, method: "GET", url, scopes, signIn, signal };
}

/** An answer that is no repository. `known` where the API is known to be there. */
function absence(error: RegistryError, known: boolean): Absence {
  if (known || error.retryable) return known ? { api: true, error } : { error };
  // Whoever may not look, or hears that there is no such name, has not heard that there is no such API.
  const doubtful =
    error.code === "UNAUTHENTICATED" ||
    error.code === "FORBIDDEN" ||
    error.errors.some(({ code }) => code === "NAME_UNKNOWN");
  return doubtful ? { doubt: error } : { api: false };
}

/** Asks for the deletion; the answer's document, where there is one. */
async function remove(access: Access, request: WireRequest): Promise<Record<string, unknown> | undefined> {
  // It was there a moment ago: whoever has deleted it, maybe this very request, sent twice when its answer was lost.
  const response = await access.wire.expect(request, 200, 202, 204, 404);
  return readObject(access, request, response);
}

/** A JSON object; `undefined` for everything else, such as the page a website answers to anything. */
async function readObject(
  { wire, target }: Access,
  { url }: WireRequest,
  response: TransportResponse,
): Promise<Record<string, unknown> | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await response.body.bytes(wire.limits.pageBytes);
  } catch (error) {
    if (transportCode(error) === "SIZE_EXCEEDED") return undefined;
    throw error;
  }
  // What another site answers after a redirect says nothing of this registry.
  if (response.url.origin !== target.origin || response.url.pathname !== url.pathname) return undefined;
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const isObject = typeof document === "object" && document !== null && !Array.isArray(document);
    // An object's members, whatever they are: what is used of them is looked at.
    return isObject ? (document as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isNamed(found: Record<string, unknown> | undefined, repository: string): boolean {
  return found !== undefined && `${String(found["namespace"])}/${String(found["name"])}` === repository;
}

function wantsToken({ target: { registry, repository, name } }: Access): RegistryError {
  return new RegistryError(
    "UNAUTHENTICATED",
    `DELETE repository ${name}: this registry (Quay) deletes repositories for the token of an OAuth application alone (option apiToken); option by: "emptying" deletes its manifests and tags as the account that is signed in.`,
    { registry, repository },
  );
}

/** Quay's API has errors of its own form, which no other part of a registry has. */
function refusal(
  { target: { registry, repository, name } }: Access,
  { method }: WireRequest,
  { status }: TransportResponse,
  found: Record<string, unknown> | undefined,
): RegistryError {
  const code = status === 404 ? "NOT_FOUND" : status === 403 ? "FORBIDDEN" : "UNAUTHENTICATED";
  const said = found?.["error_type"];
  const type = typeof said === "string" && /^[a-z_]{1,40}$/.test(said) ? ` ${said}` : "";
  return new RegistryError(code, `${method} repository ${name}: ${status}${type}`, {
    status,
    registry,
    repository,
  });
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function texts(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : undefined;
}
