import { type ContentSource, copy } from "@reg/content";
import { openLayout } from "../../src/index.ts";

// Copies FROM:TAG to TO:TAG, with a pause after each chunk, and says when it begins.
const [from = "", to = "", tag = "", pauseMs = "3"] = process.argv.slice(2);
const layout = await openLayout(from);
const source: ContentSource = {
  resolve: (ref) => layout.resolve(ref),
  exists: (descriptor) => layout.exists(descriptor),
  async fetch(descriptor, options) {
    const stream = await layout.fetch(descriptor, options);
    return {
      size: stream.size,
      bytes: (limit) => stream.bytes(limit),
      discard: () => stream.discard(),
      async *[Symbol.asyncIterator]() {
        for await (const chunk of stream) {
          for (let at = 0; at < chunk.byteLength; at += 100_000) {
            yield chunk.subarray(at, at + 100_000);
            process.stdout.write("chunk\n");
            await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
          }
        }
      },
    };
  },
};
process.stdout.write("begin\n");
await copy(source, tag, await openLayout(to, { create: true }), tag);
process.stdout.write("end\n");
