import { digestOf } from "@reg/content";
import type { Digest } from "@reg/reference";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeletionOrder } from "../src/deletion-order.ts";

const named = (index: number): Digest => digestOf(new Uint8Array([index]));

interface Node {
  readonly digest: Digest;
  readonly refersTo: readonly Digest[];
}

/** Manifests that refer to later ones alone, and to some that are not there. */
function graph(edges: readonly (readonly number[])[]): Map<Digest, Node> {
  return new Map(edges.map((to, i) => [named(i), { digest: named(i), refersTo: to.map(named) }]));
}

const edges = fc
  .integer({ min: 0, max: 12 })
  .chain((count) =>
    fc.tuple(
      ...Array.from({ length: count }, (_, i) => fc.array(fc.integer({ min: i + 1, max: count + 2 }))),
    ),
  );

describe("DeletionOrder", () => {
  it("gives each manifest once, behind all that refer to it", () => {
    fc.assert(
      fc.property(edges, (lists) => {
        const manifests = graph(lists);
        const order = new DeletionOrder(manifests);
        const given = new Set<Digest>();
        for (let next = order.next(); next !== undefined; next = order.next()) {
          const { digest } = next;
          expect(given.has(digest)).toBe(false);
          for (const other of manifests.values()) {
            if (other.refersTo.includes(digest)) expect(given.has(other.digest)).toBe(true);
          }
          given.add(digest);
          order.deleted(next);
        }
        expect(given.size).toBe(manifests.size);
      }),
    );
  });

  it("gives nothing that a manifest which stays leads to", () => {
    fc.assert(
      fc.property(edges, fc.integer({ min: 0, max: 12 }), (lists, stays) => {
        const manifests = graph(lists);
        const order = new DeletionOrder(manifests);
        const given = new Set<Digest>();
        for (let next = order.next(); next !== undefined; next = order.next()) {
          if (next.digest === named(stays)) continue;
          given.add(next.digest);
          order.deleted(next);
        }
        const kept = [...manifests.values()].filter(({ digest }) => !given.has(digest));
        for (const { refersTo } of kept) for (const other of refersTo) expect(given.has(other)).toBe(false);
      }),
    );
  });

  it("finishes what it has begun: the manifests of a deleted index come before the next index", () => {
    const order = new DeletionOrder(graph([[2], [3], [], []]));
    const given: (Digest | undefined)[] = [];
    for (let next = order.next(); next !== undefined; next = order.next()) {
      given.push(next.digest);
      order.deleted(next);
    }
    expect(given).toEqual([0, 2, 1, 3].map(named));
  });
});
