import { open } from "node:fs/promises";
import { join } from "node:path";
import type { ContentSource, Descriptor } from "@reg/content";
import { onDisk } from "./disk.ts";
import { fileChunks } from "./file-chunks.ts";
import { fileWriter } from "./file-writer.ts";

/** The layers of an image as files: those of a remote image are fetched once, verified, and kept in a folder. */
export class LayerCache {
  readonly #source: ContentSource;
  /** Where layers are kept; `undefined` where the source itself is on this machine. */
  readonly #folder: string | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #files = new Map<string, Promise<string>>();

  constructor(source: ContentSource, folder: string | undefined, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#folder = folder;
    this.#signal = signal;
  }

  /** The bytes of a layer, as they are stored. A source on this machine verifies them at their end. */
  async *open(layer: Descriptor): AsyncGenerator<Uint8Array, void, undefined> {
    const signal = this.#signal;
    signal?.throwIfAborted();
    if (this.#folder === undefined) {
      yield* await this.#source.fetch(layer, { signal });
      return;
    }
    const path = await this.#file(layer, this.#folder);
    const file = await onDisk(path, () => open(path, "r"));
    try {
      yield* fileChunks(file, path, { start: 0, end: layer.size }, { signal });
    } finally {
      await file.close();
    }
  }

  #file(layer: Descriptor, folder: string): Promise<string> {
    const known = this.#files.get(layer.digest);
    if (known !== undefined) return known;
    const fetching = this.#download(layer, join(folder, layer.digest.replace(":", "-")));
    this.#files.set(layer.digest, fetching);
    fetching.catch(() => this.#files.delete(layer.digest));
    return fetching;
  }

  async #download(layer: Descriptor, path: string): Promise<string> {
    const source = this.#source;
    const options = { signal: this.#signal, verify: false };
    // Gone with the process: nothing of it has to reach the disk.
    const writer = await fileWriter(path, layer, { signal: this.#signal, durable: false });
    try {
      if (source.fetchInto !== undefined) await source.fetchInto(layer, writer, options);
      else for await (const chunk of await source.fetch(layer, options)) await writer.write(chunk);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await writer.commit();
    return path;
  }
}
