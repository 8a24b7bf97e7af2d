/**
 * The main job from end to end, on a registry of its own: build an image, push it under two tags, list, inspect, copy it
 * to another repository, pull it into an OCI layout, verify what was pulled. `npm start` runs this.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CopyResult, createClient, memoryStore, openLayout, type ProgressEvent, verify } from "@reg/sdk";
import { createRegistry, memoryStorage, serve } from "@reg/server";
import { buildImage } from "./image.ts";

const folder = await mkdtemp(join(tmpdir(), "reg-quickstart-"));
try {
  await using registry = await serve(createRegistry({ storage: memoryStorage() }), {
    hostname: "127.0.0.1",
    port: 0,
  });
  await using client = createClient();
  const app = `localhost:${registry.port}/team/app`;
  step(`an embedded registry listens at ${registry.url}`);

  const workshop = memoryStore();
  const built = await buildImage(workshop, "built");
  step(`built an image around ${built.program}: ${built.descriptor.digest}`);

  for (const tag of ["1.0", "latest"]) {
    const pushed = await client.push(workshop, "built", `${app}:${tag}`, { onProgress: show });
    step(`pushed ${app}:${tag}: ${account(pushed)}`);
  }

  const tags: string[] = [];
  for await (const tag of client.tags.list(app)) tags.push(tag);
  step(`tags of ${app}: ${tags.join(", ")}`);

  const image = await client.images.inspect(`${app}:1.0`);
  step(
    `${app}:1.0 is ${image.digest}, ${image.platform?.os}/${image.platform?.architecture}, ${bytes(image.size)}`,
  );

  const copied = await client.copy(`${app}:1.0`, `localhost:${registry.port}/mirror/app:1.0`, {
    onProgress: show,
  });
  step(`copied to mirror/app:1.0: ${account(copied)}`);

  await using layout = await openLayout(join(folder, "layout"), { create: true });
  const pulled = await client.pull(`localhost:${registry.port}/mirror/app:1.0`, layout, { onProgress: show });
  step(`pulled into an OCI layout: ${account(pulled)}`);

  const checked = await verify(layout, "1.0");
  if (!checked.ok || pulled.descriptor.digest !== built.descriptor.digest)
    throw new Error("the layout does not verify");
  step(`verified ${checked.checked} pieces of content; ${pulled.descriptor.digest} is what was built`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function step(text: string): void {
  console.log(`\u2713 ${text}`);
}

function show(event: ProgressEvent): void {
  if (event.type !== "done" && event.type !== "mounted" && event.type !== "skipped") return;
  const { digest, size, mediaType } = event.descriptor;
  console.log(`    ${event.type.padEnd(7)} ${digest.slice(0, 19)}  ${bytes(size).padStart(9)}  ${mediaType}`);
}

function account(result: CopyResult): string {
  const parts = [`${result.copied} moved (${bytes(result.bytes)})`];
  if (result.mounted > 0) parts.push(`${result.mounted} mounted without moving a byte`);
  if (result.skipped > 0) parts.push(`${result.skipped} there already`);
  return parts.join(", ");
}

function bytes(count: number): string {
  return count < 1024
    ? `${count} B`
    : count < 1024 ** 2
      ? `${(count / 1024).toFixed(1)} KiB`
      : `${(count / 1024 ** 2).toFixed(1)} MiB`;
}
