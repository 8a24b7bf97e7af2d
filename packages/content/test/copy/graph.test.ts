import fc from "fast-check";
import { expect, test } from "vitest";
import {
  copy,
  type Descriptor,
  encodeJson,
  MEDIA_TYPES,
  type MemoryStore,
  memoryStore,
  planCopy,
  verify,
} from "../../src/index.ts";
import { pushBytes, pushImage, pushIndex, randomBytes } from "../support/images.ts";
import { spy } from "../support/spy.ts";

/** A graph: each node has layers out of a few, and names some of the nodes before it. */
const graphs = fc.array(
  fc.record({
    layers: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 4 }),
    children: fc.array(fc.nat({ max: 20 }), { maxLength: 4 }),
  }),
  { minLength: 1, maxLength: 12 },
);

async function build(
  store: MemoryStore,
  graph: typeof graphs extends fc.Arbitrary<infer G> ? G : never,
): Promise<Descriptor> {
  const nodes: Descriptor[] = [];
  for (const { layers, children } of graph) {
    const named = children.flatMap((child) => nodes[child] ?? []);
    nodes.push(
      named.length > 0
        ? await pushIndex(store, named)
        : await pushImage(store, { layers: layers.map((seed) => randomBytes(50 + seed, seed)) }),
    );
  }
  const root = await pushIndex(store, nodes);
  await store.tag(root, "v1");
  return root;
}

test("copies any graph whole, each piece once, into a target that has part of it or nothing", async () => {
  await fc.assert(
    fc.asyncProperty(
      graphs,
      fc.array(fc.nat({ max: 60 })),
      fc.constantFrom(1, 3, 24),
      async (graph, holes, concurrency) => {
        const source = memoryStore();
        const root = await build(source, graph);
        const store = memoryStore();
        await copy(source, "v1", store, "before");
        // A killed copy leaves blobs and manifests, and no manifest without what it needs: parents go first.
        const { nodes } = await planCopy(source, "v1", memoryStore(), "v1");
        const gone = new Set<string>();
        for (const node of nodes) {
          const isHole = holes.some((hole) => nodes[hole % nodes.length] === node);
          if (isHole || node.needs.some((digest) => gone.has(digest))) gone.add(node.descriptor.digest);
        }
        for (const node of nodes) if (gone.has(node.descriptor.digest)) await store.delete(node.descriptor);
        const target = spy(store);
        const result = await copy(source, "v1", target.store, "v1", { concurrency });
        expect(result.descriptor).toEqual(root);
        expect(result.copied).toBe(gone.size);
        expect(target.count("push")).toBe(gone.size);
        expect((await verify(store, "v1")).ok).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test("copies an image of 20,000 layers in a time that grows with their number", async () => {
  const source = memoryStore();
  const layers: Descriptor[] = [];
  for (let i = 0; i < 20_000; i += 1) {
    layers.push(await pushBytes(source, new TextEncoder().encode(`layer ${i}`), MEDIA_TYPES.ociLayer));
  }
  const config = await pushBytes(source, encodeJson({}), MEDIA_TYPES.ociConfig);
  const manifest = encodeJson({ schemaVersion: 2, config, layers });
  await source.tag(await pushBytes(source, manifest, MEDIA_TYPES.ociManifest), "v1");
  const start = performance.now();
  const { signal } = new AbortController();
  expect((await copy(source, "v1", memoryStore(), "v1", { signal, onProgress: () => {} })).copied).toBe(
    20_002,
  );
  // Under a second when the machine is idle; something quadratic takes minutes.
  expect(performance.now() - start).toBeLessThan(20_000);
});
