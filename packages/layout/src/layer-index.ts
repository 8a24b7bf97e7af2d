import { splitPath } from "./image-path.ts";
import type { TarEntry } from "./tar-entries.ts";

/** What one layer says of a path. */
export type LayerAnswer =
  /** It has an entry for the path itself. */
  | { readonly kind: "entry"; readonly ordinal: number; readonly entry: TarEntry }
  /** A part of the way is a symbolic link: go on with `path`. */
  | { readonly kind: "link"; readonly path: readonly string[] }
  /** The path cannot be in a layer below. */
  | { readonly kind: "hidden" }
  /** Nothing: look further down. */
  | { readonly kind: "none" }
  /** Its entries contradict each other, so that only all layers together tell. */
  | { readonly kind: "unsure" };

/** The entries of one layer, to be asked for a path without knowing the layers below. */
export class LayerIndex {
  readonly entries: readonly TarEntry[];
  readonly #ordinals = new Map<string, number>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #irregular: boolean;

  constructor(entries: readonly TarEntry[]) {
    this.entries = entries;
    let repeated = false;
    entries.forEach((entry, ordinal) => {
      const path = splitPath(entry.name);
      const name = path.at(-1) ?? "";
      const folder = path.slice(0, -1);
      if (name === ".wh..wh..opq") this.#opaque.add(folder.join("/"));
      else if (name.startsWith(".wh.")) this.#whiteouts.add([...folder, name.slice(4)].join("/"));
      else {
        const earlier = this.#entry(path.join("/"));
        repeated ||= earlier !== undefined && !(earlier.type === "directory" && entry.type === "directory");
        this.#ordinals.set(path.join("/"), ordinal);
      }
    });
    this.#irregular = repeated || this.#hasFilesInFiles();
  }

  /**
   * @param folders - The parts of the way that layers above have made folders; this call adds its own. What a lower
   * layer has in the place of one of them is hidden.
   */
  ask(path: readonly string[], folders: Set<string>): LayerAnswer {
    if (this.#irregular) return { kind: "unsure" };
    let hidden = false;
    for (let length = 0; length < path.length; length += 1) {
      const folder = path.slice(0, length).join("/");
      if (length > 0) {
        const entry = this.#entry(folder);
        if (entry !== undefined && entry.type !== "directory") {
          if (folders.has(folder) || entry.type !== "symlink") return { kind: "hidden" };
          return { kind: "link", path: follow(path, length, entry.linkname) };
        }
        if (entry !== undefined) folders.add(folder);
        hidden ||= this.#whiteouts.has(folder);
      }
      hidden ||= this.#opaque.has(folder);
    }
    const whole = path.join("/");
    const ordinal = this.#ordinals.get(whole);
    const entry = this.#entry(whole);
    if (ordinal !== undefined && entry !== undefined) return { kind: "entry", ordinal, entry };
    return { kind: hidden || this.#whiteouts.has(whole) ? "hidden" : "none" };
  }

  /** Or in links, which its own entries are then stored through. */
  #hasFilesInFiles(): boolean {
    const folders = new Set<string>();
    for (const path of this.#ordinals.keys()) {
      for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
        const folder = path.slice(0, end);
        if (folders.has(folder)) break;
        const entry = this.#entry(folder);
        if (entry !== undefined && entry.type !== "directory") return true;
        folders.add(folder);
      }
    }
    return false;
  }

  #entry(path: string): TarEntry | undefined {
    const ordinal = this.#ordinals.get(path);
    return ordinal === undefined ? undefined : this.entries[ordinal];
  }
}

/** The path with the link at its first `length` parts replaced by what it leads to, never out of the root. */
export function follow(path: readonly string[], length: number, target: string): readonly string[] {
  const resolved = target.startsWith("/") ? [] : path.slice(0, length - 1);
  for (const part of target.split("/")) {
    if (part === "..") resolved.pop();
    else if (part !== "" && part !== ".") resolved.push(part);
  }
  return [...resolved, ...path.slice(length)];
}
