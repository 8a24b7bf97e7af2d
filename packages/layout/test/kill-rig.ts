import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ContentSource, copy, type Descriptor } from "@reg/content";
import { type OciLayout, openLayout } from "../src/index.ts";
import { child } from "./child.ts";
import { putImage } from "./image.ts";

/** Layers of a few MiB and some small ones: a kill finds partial files, whole blobs, and blobs not begun. */
const LAYER_BYTES = [3_000_000, 2_200_000, 1_500_000, 40_000, 5_000];

/** Makes the layout that every trial copies from. */
export async function prepareSource(dir: string): Promise<OciLayout> {
  const layout = await openLayout(dir, { create: true });
  await putImage(
    layout,
    LAYER_BYTES.map((size) => randomBytes(size)),
    { tag: "x", packed: "none" },
  );
  return layout;
}

export interface Trial {
  /** When it was killed, after it began to copy; `undefined` where it was done before. */
  readonly killed: boolean;
  /** What is wrong, in words; empty where everything is as promised. */
  readonly problems: readonly string[];
  /** Bytes of blobs that were whole, and of partial ones, after the kill; and bytes fetched by the run after it. */
  readonly whole: number;
  readonly partial: number;
  readonly fetched: number;
}

/** A random moment of a copy: so many chunks in, wherever the next one has got to by then. */
export function randomMoment(): { readonly chunks: number; readonly ms: number } {
  return { chunks: Math.floor(Math.random() * 50), ms: Math.random() * 3 };
}

/**
 * Copies in a process that is killed at a moment of its work (not of the clock, which on a busy machine runs ahead of
 * it), looks at what it left, and copies again.
 */
export async function killTrial(
  source: OciLayout,
  dir: string,
  moment: ReturnType<typeof randomMoment>,
): Promise<Trial> {
  const problems: string[] = [];
  const running = child(new URL("./children/copy-slowly.ts", import.meta.url), [source.dir, dir, "x"]);
  await running.line(moment.chunks + 1);
  await new Promise((resolve) => setTimeout(resolve, moment.ms));
  running.process.kill("SIGKILL");
  const { signal } = await running.ended;

  const whole = new Map<string, number>();
  for (const name of await names(join(dir, "blobs", "sha256"))) {
    const bytes = await readFile(join(dir, "blobs", "sha256", name));
    whole.set(`sha256:${name}`, bytes.byteLength);
    if (createHash("sha256").update(bytes).digest("hex") !== name) problems.push(`${name} has other content`);
  }
  for (const name of ["index.json", "oci-layout"]) {
    const text = await readFile(join(dir, name), "utf8").catch(() => undefined);
    if (text !== undefined) JSON.parse(text);
  }
  let partial = 0;
  for (const name of await names(join(dir, ".incoming"))) {
    if (name.endsWith(".partial")) partial += (await stat(join(dir, ".incoming", name))).size;
  }

  // The manifest is read in each run: it says what to look for.
  const manifest = await source.resolve("x");
  whole.delete(manifest.digest);
  const fetched = new Map<string, number>();
  const target = await openLayout(dir, { create: true });
  await copy(counting(source, fetched), "x", target, "x");
  fetched.delete(manifest.digest);
  for (const digest of fetched.keys()) if (whole.has(digest)) problems.push(`${digest} was fetched again`);
  if ((await target.resolve("x")).digest !== manifest.digest) problems.push("the tag is wrong");
  for (const { digest, size, mediaType } of await everything(source)) {
    if (!(await target.exists({ digest, size, mediaType }))) problems.push(`${digest} is missing`);
  }
  // An empty lock or a temporary file of a moment may outlive the kill until the next writer sweeps the folder.
  const left = (await names(join(dir, ".incoming"))).filter(
    (name) => !name.endsWith(".tmp") && !name.endsWith(".lock"),
  );
  if (left.length > 0) problems.push(`left in .incoming: ${left.join(", ")}`);
  return { killed: signal === "SIGKILL", problems, whole: sum(whole), partial, fetched: sum(fetched) };
}

function counting(layout: OciLayout, fetched: Map<string, number>): ContentSource {
  return {
    resolve: (ref) => layout.resolve(ref),
    exists: (descriptor) => layout.exists(descriptor),
    async fetch(descriptor, options) {
      fetched.set(descriptor.digest, descriptor.size - (options?.offset ?? 0));
      return layout.fetch(descriptor, options);
    },
  };
}

async function everything(layout: OciLayout): Promise<Descriptor[]> {
  const found: Descriptor[] = [];
  for (const name of await names(join(layout.dir, "blobs", "sha256"))) {
    const { size } = await stat(join(layout.dir, "blobs", "sha256", name));
    // The names of blobs in a layout that this file made.
    found.push({
      digest: `sha256:${name}` as Descriptor["digest"],
      size,
      mediaType: "application/octet-stream",
    });
  }
  return found;
}

async function names(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

function sum(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((a, b) => a + b, 0);
}
