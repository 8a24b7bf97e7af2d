/** What a registry was seen to do or refuse. */
export type Capability =
  /** `GET /v2/<name>/referrers/<digest>` */
  | "referrers"
  /** `PATCH` of an upload in chunks */
  | "chunkedUpload"
  /** one `PUT` of a whole blob after the `POST` */
  | "monolithicUpload"
  /** a `POST` that carries the blob */
  | "singlePost"
  /** `PUT` of a manifest with several `tag` parameters */
  | "multiTag"
  /** `DELETE` of a tag */
  | "tagDelete"
  /** `GET /v2/_catalog` */
  | "catalog"
  /** `HEAD` of a manifest */
  | "headManifest"
  /** tokens for the action `delete` */
  | "deleteScope"
  /** repositories at `/acr/v1/`, as Azure's registry has them */
  | "acrDelete"
  /** repositories at `/api/v2.0/`, as Harbor has them */
  | "harborDelete"
  /** repositories at `/api/v1/repository/`, as Quay has them */
  | "quayDelete";

/** One thing known of one registry. */
export interface CapabilityFact {
  readonly supported: boolean;
  /** When it was learnt, milliseconds since 1970. */
  readonly learntAt: number;
}

/** By place (a registry, or a repository of it), then by capability; serialisable. */
export type CapabilitySnapshot = Readonly<
  Record<string, Readonly<Partial<Record<Capability, CapabilityFact>>>>
>;

/**
 * What is known of registries: learnt as requests are made, believed for an hour, and never concluded from a failure
 * that may pass. A place is a registry (`ghcr.io`) or one of its repositories (`ghcr.io/owner/image`); what is known of
 * the repository goes first.
 *
 * @example
 * ```ts
 * import { RegistryClient } from "@reg/client";
 * declare const client: RegistryClient;
 * client.capabilities.set("reg.example", "referrers", false); // behind a proxy that lets nothing unknown pass
 * console.log(JSON.stringify(client.capabilities.export()));
 * ```
 */
export interface Capabilities {
  /** `undefined` where it is not known (any more). */
  get(place: string, capability: Capability): boolean | undefined;
  /** Overrides what is learnt, for as long as the client lives; `undefined` takes the override back. */
  set(place: string, capability: Capability, supported: boolean | undefined): void;
  /** Everything learnt and not yet out of date, to be given to another client as its option `capabilities`. */
  export(): CapabilitySnapshot;
}

/** What the client itself uses: it also learns. */
export class CapabilityStore implements Capabilities {
  readonly #learnt = new Map<string, Map<Capability, CapabilityFact>>();
  readonly #overrides = new Map<string, Map<Capability, boolean>>();
  readonly #now: () => number;

  constructor(snapshot: CapabilitySnapshot = {}, now: () => number = Date.now) {
    this.#now = now;
    for (const [place, facts] of Object.entries(snapshot)) {
      for (const capability of CAPABILITIES) {
        // It may have lain in a file: what is no fact is left out.
        const fact: unknown = facts?.[capability];
        if (isFact(fact)) this.#remember(place, capability, fact);
      }
    }
  }

  get(place: string, capability: Capability): boolean | undefined {
    const registry = registryOf(place);
    return (
      this.#overrides.get(place)?.get(capability) ??
      this.#overrides.get(registry)?.get(capability) ??
      this.#fresh(place, capability) ??
      this.#fresh(registry, capability)
    );
  }

  set(place: string, capability: Capability, supported: boolean | undefined): void {
    const overrides = this.#overrides.get(place) ?? new Map<Capability, boolean>();
    if (supported === undefined) overrides.delete(capability);
    else overrides.set(capability, supported);
    if (overrides.size > 0) this.#overrides.set(place, overrides);
    else this.#overrides.delete(place);
  }

  /** To be told of an answer alone, never of a timeout, a 5xx or a 429. */
  learn(place: string, capability: Capability, supported: boolean): void {
    const learntAt = this.#now();
    const known = this.#learnt.get(place)?.get(capability);
    const age = learntAt - (known?.learntAt ?? 0);
    // Learnt again with every request: it is enough to note it now and then.
    if (known?.supported === supported && age >= 0 && age < FACT_LIFETIME_MILLISECONDS / 2) return;
    this.#remember(place, capability, { supported, learntAt });
  }

  export(): CapabilitySnapshot {
    const snapshot: Record<string, Partial<Record<Capability, CapabilityFact>>> = {};
    for (const [place, facts] of this.#learnt) {
      const fresh = [...facts].filter(([, fact]) => this.#isFresh(fact));
      if (fresh.length > 0) snapshot[place] = Object.fromEntries(fresh);
    }
    return snapshot;
  }

  #fresh(place: string, capability: Capability): boolean | undefined {
    const fact = this.#learnt.get(place)?.get(capability);
    return fact !== undefined && this.#isFresh(fact) ? fact.supported : undefined;
  }

  #isFresh(fact: CapabilityFact): boolean {
    const age = this.#now() - fact.learntAt;
    return age >= 0 && age < FACT_LIFETIME_MILLISECONDS;
  }

  #remember(place: string, capability: Capability, fact: CapabilityFact): void {
    const facts = this.#learnt.get(place) ?? new Map<Capability, CapabilityFact>();
    // Taken out and put in again: the place least lately learnt about is the first one, and the one to be forgotten.
    this.#learnt.delete(place);
    this.#learnt.set(place, facts);
    facts.set(capability, fact);
    if (this.#learnt.size > MAX_PLACES) {
      const [oldest] = this.#learnt.keys();
      if (oldest !== undefined) this.#learnt.delete(oldest);
    }
  }
}

/** Registries are upgraded; asking again once an hour costs nothing. */
const FACT_LIFETIME_MILLISECONDS = 3_600_000;

/** A client that walks through a large registry for months stays small. */
const MAX_PLACES = 10_000;

const CAPABILITIES: readonly Capability[] = [
  "referrers",
  "chunkedUpload",
  "monolithicUpload",
  "singlePost",
  "multiTag",
  "tagDelete",
  "catalog",
  "headManifest",
  "deleteScope",
  "acrDelete",
  "harborDelete",
  "quayDelete",
];

function isFact(value: unknown): value is CapabilityFact {
  return (
    typeof value === "object" &&
    value !== null &&
    "supported" in value &&
    typeof value.supported === "boolean" &&
    "learntAt" in value &&
    Number.isSafeInteger(value.learntAt)
  );
}

function registryOf(place: string): string {
  const slash = place.indexOf("/");
  return slash < 0 ? place : place.slice(0, slash);
}
