/**
 * `pull.ts ours|fetch HOST FOLDER DIGEST...`: an image pulled and verified by this client, or what people write by hand:
 * global fetch into createWriteStream, with no hash at all.
 */
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createClient, openLayout } from "@reg/sdk";
import { reportCost } from "./report-cost.ts";
import { blobPath } from "./stub-image.ts";

/** As many as this client has in flight of large blobs. */
const AT_ONCE = 3;

const [candidate, host = "", folder = "", ...digests] = process.argv.slice(2);
await reportCost(candidate === "ours" ? ours : byFetch);

async function ours(): Promise<void> {
  await using client = createClient();
  await using layout = await openLayout(folder, { create: true });
  await client.pull(`${host}/bench/app:1.0`, layout);
}

async function byFetch(): Promise<void> {
  await mkdir(folder, { recursive: true });
  const queue = digests.values();
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const digest of queue) {
        const { body } = await fetch(`http://${host}/${blobPath(digest)}`);
        if (body === null) throw new Error("no body");
        await pipeline(Readable.fromWeb(body), createWriteStream(join(folder, digest.slice(7))));
      }
    }),
  );
}
