import { type ByteStream, byteStream, ContentError, type Descriptor, type ParsedImage } from "@reg/content";
import { exportTree } from "./export-tree.ts";
import { FileTree, type TreeNode } from "./file-tree.ts";
import { splitPath } from "./image-path.ts";
import type { LayerCache } from "./layer-cache.ts";
import { follow, LayerIndex } from "./layer-index.ts";
import { type TarEntry, type TarLimits, tarEntries } from "./tar-entries.ts";

/** A file, folder, link or device in an image. */
export interface FileEntry {
  /** From the root: `/etc/os-release`. */
  readonly path: string;
  readonly type: "file" | "directory" | "symlink" | "character-device" | "block-device" | "fifo";
  /** The permission bits, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes; 0 for everything but files. */
  readonly size: number;
  readonly mtime: Date;
  /** Where a symbolic link leads to, as it is written. */
  readonly link?: string | undefined;
  /** The digest of the layer it comes from; `undefined` for a folder that no layer has an entry for. */
  readonly layer?: Descriptor["digest"] | undefined;
}

/**
 * The file system of an image, to be listed, read and exported. Made by {@link openImage}.
 *
 * Codes: `NOT_FOUND`, `INVALID` (a damaged layer, or one that contradicts those below), `POLICY_REFUSED` (a name with
 * `..`), `SIZE_EXCEEDED` (a limit), `UNSUPPORTED`, and those of the source.
 */
export class ImageFiles implements AsyncDisposable {
  readonly image: ParsedImage;
  readonly #layers: readonly Descriptor[];
  readonly #cache: LayerCache;
  readonly #limits: TarLimits;
  readonly #close: () => Promise<void>;
  readonly #indexes = new Map<number, Promise<LayerIndex>>();
  #tree: Promise<FileTree> | undefined;

  /** To be had from {@link openImage}. */
  constructor(image: ParsedImage, cache: LayerCache, limits: TarLimits, close: () => Promise<void>) {
    this.image = image;
    this.#layers = image.document.layers;
    this.#cache = cache;
    this.#limits = limits;
    this.#close = close;
  }

  /**
   * What is in a folder, by name; or a file itself. Reads every layer. Symbolic links on the way are followed.
   *
   * @param options.recursive - Everything below, parents before their children. Default false.
   */
  async *list(
    path = "/",
    options: { readonly recursive?: boolean | undefined } = {},
  ): AsyncGenerator<FileEntry, void, undefined> {
    const tree = await this.#fileTree();
    const node = tree.find(splitPath(path), { follow: true });
    if (node === undefined) throw notFound(path);
    if (node.children === undefined) yield this.#describe(node);
    else if (options.recursive === true) for (const each of tree.walk(node)) yield this.#describe(each);
    else {
      const children = [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const each of children) yield this.#describe(each);
    }
  }

  /**
   * A file's content, through symbolic links. Layers are looked at from the top, and only as far down as the file is
   * found; each is verified whole before a byte of it is given out. Code `INVALID` where the path is no file.
   *
   * A file that an upper layer stored behind a symbolic link of a lower one (`lib/x`, where `lib` leads to `usr/lib`)
   * is found under the name it was stored by; under its other name an older version of it, if there is one, is found
   * first.
   */
  async read(path: string): Promise<ByteStream> {
    const { layer, ordinal, entry } = await this.#locate(path);
    if (entry.type !== "file")
      throw new ContentError("INVALID", `${quote(path)} is no file but a ${entry.type}.`);
    return byteStream(this.#content(layer, ordinal), entry.size);
  }

  /**
   * The whole file system as one tar stream, the layers flattened: whiteouts and opaque folders have done their work,
   * hard links lead to the content they had, whichever layer it is in. Folders come first. Owners, modes, times, extended
   * attributes and devices are kept as they are.
   */
  async *export(): AsyncGenerator<Uint8Array, void, undefined> {
    const tree = await this.#fileTree();
    yield* exportTree(tree, (layer) => tarEntries(this.#open(layer), this.#limits));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }

  #open(layer: number): AsyncIterable<Uint8Array> {
    const descriptor = this.#layers[layer];
    if (descriptor === undefined) throw new ContentError("NOT_FOUND", `The image has no layer ${layer}.`);
    return this.#cache.open(descriptor);
  }

  #index(layer: number): Promise<LayerIndex> {
    const known = this.#indexes.get(layer);
    if (known !== undefined) return known;
    const reading = this.#readIndex(layer);
    this.#indexes.set(layer, reading);
    reading.catch(() => this.#indexes.delete(layer));
    return reading;
  }

  async #readIndex(layer: number): Promise<LayerIndex> {
    const entries: TarEntry[] = [];
    for await (const { entry } of tarEntries(this.#open(layer), this.#limits)) entries.push(entry);
    return new LayerIndex(entries);
  }

  #fileTree(): Promise<FileTree> {
    this.#tree ??= this.#readTree();
    this.#tree.catch(() => {
      this.#tree = undefined;
    });
    return this.#tree;
  }

  async #readTree(): Promise<FileTree> {
    const tree = new FileTree();
    for (const layer of this.#layers.keys()) tree.addLayer(layer, (await this.#index(layer)).entries);
    return tree;
  }

  async #locate(path: string): Promise<Located> {
    let rest = splitPath(path);
    let from = this.#layers.length - 1;
    for (let hops = 0; hops <= MOST_HOPS; hops += 1) {
      const found = await this.#search(rest, from);
      if (found === undefined) return this.#locateInTree(path);
      let next: Redirected | undefined;
      if ("path" in found) next = found;
      else {
        next = nextOf(rest, found);
        if (next === undefined) return found;
      }
      rest = next.path;
      from = next.from ?? this.#layers.length - 1;
    }
    throw new ContentError("INVALID", `${quote(path)} goes through too many symbolic links.`);
  }

  /** From the top down; `undefined` where no layer has it. */
  async #search(path: readonly string[], from: number): Promise<Located | Redirected | undefined> {
    const folders = new Set<string>();
    for (let layer = from; layer >= 0; layer -= 1) {
      const answer = (await this.#index(layer)).ask(path, folders);
      if (answer.kind === "entry") return { layer, ordinal: answer.ordinal, entry: answer.entry };
      if (answer.kind === "link") return { path: answer.path };
      if (answer.kind === "hidden" || answer.kind === "unsure") return undefined;
    }
    return undefined;
  }

  /** The exact answer, which needs every layer. */
  async #locateInTree(path: string): Promise<Located> {
    const node = (await this.#fileTree()).find(splitPath(path), { follow: true });
    if (node === undefined) throw notFound(path);
    return node.inode;
  }

  async *#content(layer: number, ordinal: number): AsyncGenerator<Uint8Array, void, undefined> {
    let position = 0;
    for await (const item of tarEntries(this.#open(layer), this.#limits)) {
      if (position === ordinal) {
        yield* item.content();
        return;
      }
      position += 1;
    }
  }

  #describe(node: TreeNode): FileEntry {
    const { entry, layer } = node.inode;
    const parts: string[] = [];
    for (let each: TreeNode | undefined = node; each?.parent !== undefined; each = each.parent)
      parts.push(each.name);
    const { type, mode, uid, gid, size, mtime, linkname } = entry;
    return {
      path: `/${parts.reverse().join("/")}`,
      // A hard link has the inode of what it leads to.
      type: type === "link" || type === "contiguous-file" ? "file" : type,
      mode,
      uid,
      gid,
      size,
      mtime,
      ...(type === "symlink" ? { link: linkname } : {}),
      ...(layer < 0 ? {} : { layer: this.#layers[layer]?.digest }),
    };
  }
}

interface Located {
  readonly layer: number;
  readonly ordinal: number;
  readonly entry: TarEntry;
}

interface Redirected {
  readonly path: readonly string[];
  /** The topmost layer to look in. */
  readonly from?: number;
}

/** As many as Linux follows. */
const MOST_HOPS = 40;

/** Where to go on from a link; `undefined` where the entry is what was looked for. */
function nextOf(path: readonly string[], { entry, layer }: Located): Redirected | undefined {
  if (entry.type === "symlink") return { path: follow(path, path.length, entry.linkname) };
  // What it leads to is what had the name when the link was made: a layer above may have given it to another file.
  if (entry.type === "link") return { path: splitPath(entry.linkname), from: layer };
  return undefined;
}

function notFound(path: string): ContentError {
  return new ContentError("NOT_FOUND", `The image has no ${quote(path)}.`);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 97)}...` : text);
}
