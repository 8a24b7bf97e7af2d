import { type MemoryStore, memoryStore } from "@reg/content";
import { type ImageFiles, openImage } from "../src/index.ts";
import { type TarEntry, tarEntries } from "../src/tar-entries.ts";
import { all } from "./content.ts";
import { type LayerEntry, putImage, tarOf } from "./image.ts";

export async function open(layers: readonly (readonly LayerEntry[])[]): Promise<ImageFiles> {
  const store: MemoryStore = memoryStore();
  await putImage(store, await Promise.all(layers.map(tarOf)), { tag: "x" });
  return openImage(store, "x");
}

export async function paths(image: ImageFiles): Promise<string[]> {
  return (await all(image.list("/", { recursive: true }))).map(({ path }) => path);
}

export async function text(image: ImageFiles, path: string): Promise<string> {
  return new TextDecoder().decode(await (await image.read(path)).bytes(100_000));
}

/** What the exported tar has: folders, links, and the content of files. */
export async function exported(image: ImageFiles): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { entry, content } of tarEntries(image.export())) {
    const bytes = Buffer.concat((await all(content())).map((chunk) => Buffer.from(chunk)));
    found[entry.name] =
      entry.type === "file" ? bytes.toString() : [entry.type, entry.linkname].filter(Boolean).join(" ");
  }
  return found;
}

export async function entries(image: ImageFiles): Promise<TarEntry[]> {
  const found = [];
  for await (const { entry } of tarEntries(image.export())) found.push(entry);
  return found;
}
