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
  | { readonly kind: "none" };

/** The entries of one layer, to be asked for a path without knowing the layers below. */
export class LayerIndex {
  readonly entries: readonly TarEntry[];
  readonly #ordinals = new Map<string, number>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();

  constructor(entries: readonly TarEntry[]) {
    this.entries = entries;
    entries.forEach((entry, ordinal) => {
      const path = splitPath(entry.name);
      const name = path.at(-1) ?? "";
      const folder = path.slice(0, -1);
      if (name === ".wh..wh..opq") this.#opaque.add(folder.join("/"));
      else if (name.startsWith(".wh.")) this.#whiteouts.add([...folder, name.slice(4)].join("/"));
      else this.#ordinals.set(path.join("/"), ordinal);
    });
  }

  /**
   * @param folders - The parts of the way that layers above have made folders; this call adds its own. What a lower
   * layer has in the place of one of them is hidden.
   */
  ask(path: readonly string[], folders: Set<string>): LayerAnswer {
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
