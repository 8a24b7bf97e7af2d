import { memoryStore } from "@reg/content";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openImage } from "../src/index.ts";
import { type LayerEntry, putImage, tarOf } from "./image.ts";

const name = fc.constantFrom("a", "b", "c");
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("file" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("folder" as const), path }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("whiteout" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("opaque" as const), path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pipe" as const), path }) },
);

it("reading a file from the top layer down finds what laying all layers over each other gives", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 6 }), { minLength: 1, maxLength: 4 }),
      async (layers) => {
        const store = memoryStore();
        const tars = layers.map((steps, layer) =>
          tarOf(steps.map((each, i) => entryOf(each, `${layer}.${i}`))),
        );
        await putImage(store, await Promise.all(tars), { tag: "x", packed: "none" });
        const whole = await openImage(store, "x");
        try {
          for await (const _entry of whole.list("/", { recursive: true }));
        } catch {
          // A layer that contradicts the ones below, such as a file in a file, has no right answer.
          return;
        }
        // Contents as the flattened tar has them, which the tree decides alone.
        const contents = await exported(store);
        const fresh = await openImage(store, "x");
        for (const first of "abc") {
          for (const second of ["", "/a", "/b", "/c"]) {
            for (const third of second === "" ? [""] : ["", "/a", "/b", "/c"]) {
              const at = `/${first}${second}${third}`;
              const wanted = contents.get(at.slice(1));
              const found = await fresh.read(at).then(
                async (stream) => new TextDecoder().decode(await stream.bytes(100)),
                () => undefined,
              );
              expect([at, found]).toEqual([at, wanted]);
              compared += 1;
            }
          }
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(compared).toBeGreaterThan(1000);
});

function entryOf({ kind, path: at }: { kind: string; path: string }, content: string): LayerEntry {
  const slash = at.lastIndexOf("/") + 1;
  switch (kind) {
    case "folder":
      return [{ name: `${at}/`, type: "directory" }];
    case "whiteout":
      return [{ name: `${at.slice(0, slash)}.wh.${at.slice(slash)}` }, ""];
    case "opaque":
      return [{ name: `${at}/.wh..wh..opq` }, ""];
    case "pipe":
      return [{ name: at, type: "fifo" }];
    default:
      return [{ name: at }, content];
  }
}

async function exported(store: ReturnType<typeof memoryStore>): Promise<Map<string, string>> {
  const { tarEntries } = await import("../src/tar-entries.ts");
  const image = await openImage(store, "x");
  const found = new Map<string, string>();
  for await (const { entry, content } of tarEntries(image.export())) {
    const chunks: Buffer[] = [];
    for await (const chunk of content()) chunks.push(Buffer.from(chunk));
    if (entry.type === "file") found.set(entry.name, Buffer.concat(chunks).toString());
  }
  return found;
}
