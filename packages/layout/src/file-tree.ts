import { ContentError } from "@reg/content";
import { splitPath } from "./image-path.ts";
import type { TarEntry } from "./tar-entries.ts";

/** A file, folder, link or device of an image, whatever it is called: several names may have one. */
export interface Inode {
  readonly entry: TarEntry;
  /** Which layer has it, counted from the lowest, and which of the layer's entries it is. */
  readonly layer: number;
  readonly ordinal: number;
}

/** A name in the tree. */
export interface TreeNode {
  readonly name: string;
  readonly parent: TreeNode | undefined;
  inode: Inode;
  /** The latest layer that had an entry of this name. */
  layer: number;
  /** Only a folder has them. */
  children: Map<string, TreeNode> | undefined;
}

/**
 * The file system of an image, made by laying one layer over another (image-spec, layer.md). A name in a layer goes
 * through the symbolic links of the layers below as it would in a container: never out of the root.
 */
export class FileTree {
  readonly root: TreeNode = {
    name: "",
    parent: undefined,
    inode: implicitFolder(),
    layer: -1,
    children: new Map(),
  };

  /** Lays one more layer on top. Codes `INVALID`, `POLICY_REFUSED` (a name or link with `..`). */
  addLayer(layer: number, entries: readonly TarEntry[]): void {
    entries.forEach((entry, ordinal) => {
      const path = splitPath(entry.name);
      const name = path.at(-1);
      if (name === undefined) this.root.inode = { entry, layer, ordinal };
      else if (name.startsWith(WHITEOUT)) this.#hide(path.slice(0, -1), name.slice(WHITEOUT.length), layer);
      else this.#add(path.slice(0, -1), name, { entry, layer, ordinal });
    });
  }

  /** The node of a path, through links; `undefined` where there is none. `follow`: the last part may be a link, too. */
  find(path: readonly string[], options: { readonly follow: boolean }): TreeNode | undefined {
    const last = path.at(-1);
    if (last === undefined) return this.root;
    const folder = this.#walk(path.slice(0, -1), { create: false });
    const node = folder?.children?.get(last);
    if (node === undefined || !options.follow || node.inode.entry.type !== "symlink") return node;
    return this.#walk(path, { create: false, files: true });
  }

  /** Every node below one, parents before their children, names in order. */
  *walk(from: TreeNode = this.root): Generator<TreeNode, void, undefined> {
    const names = [...(from.children?.keys() ?? [])].sort();
    for (const name of names) {
      const node = from.children?.get(name);
      if (node === undefined) continue;
      yield node;
      yield* this.walk(node);
    }
  }

  #add(folder: readonly string[], name: string, inode: Inode): void {
    const parent = this.#folder(folder);
    const children = childrenOf(parent);
    const existing = children.get(name);
    const { entry, layer } = inode;
    if (entry.type === "link") {
      const target = this.find(splitPath(entry.linkname), { follow: false });
      if (target === undefined || target.children !== undefined) {
        throw new ContentError(
          "INVALID",
          `The hard link ${quote(entry.name)} leads to ${quote(entry.linkname)}, which is no file.`,
        );
      }
      children.set(name, { name, parent, inode: target.inode, layer, children: undefined });
    } else if (entry.type === "directory" && existing?.children !== undefined) {
      existing.inode = inode;
      existing.layer = layer;
    } else {
      children.set(name, {
        name,
        parent,
        inode,
        layer,
        children: entry.type === "directory" ? new Map() : undefined,
      });
    }
  }

  /** A whiteout hides what layers below have, not what its own layer has, wherever it stands in it. */
  #hide(folder: readonly string[], name: string, layer: number): void {
    const parent = this.#walk(folder, { create: false });
    if (parent?.children === undefined) return;
    // Names that begin so are notes of aufs, of which only one means something.
    if (name === OPAQUE) hideBelow(parent, layer);
    else if (!name.startsWith(WHITEOUT)) hideChild(parent, name, layer);
  }

  #folder(path: readonly string[]): TreeNode {
    const node = this.#walk(path, { create: true });
    if (node?.children !== undefined) return node;
    throw new ContentError(
      "INVALID",
      `${quote(path.join("/"))} is a file in one layer and a folder in another.`,
    );
  }

  #walk(
    path: readonly string[],
    options: { readonly create: boolean; readonly files?: boolean },
  ): TreeNode | undefined {
    let node = this.root;
    const rest = [...path].reverse();
    let hops = 0;
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      if (part === "..") {
        // In the root it leads to the root, as in a container.
        node = node.parent ?? node;
        continue;
      }
      if (node.children === undefined) return undefined;
      let next = node.children.get(part);
      if (next === undefined) {
        if (!options.create) return undefined;
        next = { name: part, parent: node, inode: implicitFolder(), layer: -1, children: new Map() };
        node.children.set(part, next);
      }
      const { type, linkname } = next.inode.entry;
      if (type === "symlink") {
        hops += 1;
        if (hops > MOST_HOPS)
          throw new ContentError("INVALID", `${quote(path.join("/"))} goes through too many symbolic links.`);
        if (linkname.startsWith("/")) node = this.root;
        rest.push(
          ...linkname
            .split("/")
            .filter((each) => each !== "" && each !== ".")
            .reverse(),
        );
        continue;
      }
      if (next.children === undefined && !(options.files === true && rest.length === 0)) return undefined;
      node = next;
    }
    return node;
  }
}

const WHITEOUT = ".wh.";
/** What follows the prefix in `.wh..wh..opq`. */
const OPAQUE = ".wh..opq";

/** As many as Linux follows. */
const MOST_HOPS = 40;

/** A folder that no layer has an entry for: files lie in it all the same. */
function implicitFolder(): Inode {
  const entry: TarEntry = {
    name: "",
    type: "directory",
    mode: 0o755,
    uid: 0,
    gid: 0,
    uname: "",
    gname: "",
    size: 0,
    mtime: new Date(0),
    linkname: "",
    devmajor: 0,
    devminor: 0,
    pax: undefined,
  };
  return { entry, layer: -1, ordinal: -1 };
}

function hideBelow(node: TreeNode, layer: number): void {
  for (const name of [...(node.children?.keys() ?? [])]) hideChild(node, name, layer);
}

function hideChild(parent: TreeNode, name: string, layer: number): void {
  const child = parent.children?.get(name);
  if (child === undefined) return;
  hideBelow(child, layer);
  if (child.layer !== layer && (child.children?.size ?? 0) === 0) parent.children?.delete(name);
}

function childrenOf(node: TreeNode): Map<string, TreeNode> {
  node.children ??= new Map();
  return node.children;
}

function quote(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 97)}...` : text);
}
