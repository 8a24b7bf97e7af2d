import type { Digest } from "@reg/reference";

/** A manifest, and those it refers to: the manifests of an index, the subject of a referrer. */
interface Referring {
  readonly digest: Digest;
  readonly refersTo: readonly Digest[];
}

/**
 * Which manifest of a repository may be deleted next: one that no other refers to any more. What a manifest that stays
 * refers to is never given, so that what stays is whole; and what a deleted one referred to comes before anything else,
 * so that little is left that nothing leads to where it breaks off.
 */
export class DeletionOrder<T extends Referring> {
  readonly #manifests: ReadonlyMap<Digest, T>;
  /** How many manifests that are not deleted yet refer to it. */
  readonly #referrers = new Map<Digest, number>();
  /** The next one is the last one. */
  readonly #free: T[] = [];

  constructor(manifests: ReadonlyMap<Digest, T>) {
    this.#manifests = manifests;
    for (const manifest of manifests.values()) {
      for (const digest of othersOf(manifest)) {
        this.#referrers.set(digest, (this.#referrers.get(digest) ?? 0) + 1);
      }
    }
    for (const manifest of manifests.values()) {
      if (!this.#referrers.has(manifest.digest)) this.#free.push(manifest);
    }
    this.#free.reverse();
  }

  /** `undefined` where there is none, or none before another one is deleted. */
  next(): T | undefined {
    return this.#free.pop();
  }

  deleted(manifest: T): void {
    for (const digest of othersOf(manifest)) {
      const left = (this.#referrers.get(digest) ?? 0) - 1;
      this.#referrers.set(digest, left);
      const other = this.#manifests.get(digest);
      if (left === 0 && other !== undefined) this.#free.push(other);
    }
  }
}

function othersOf({ digest, refersTo }: Referring): readonly Digest[] {
  return [...new Set(refersTo)].filter((other) => other !== digest);
}
