import { ContentError } from "@reg/content";
import type { FileTree, Inode, TreeNode } from "./file-tree.ts";
import type { TarItem } from "./tar-entries.ts";
import { type TarOutput, writeTar } from "./tar-writer.ts";

/**
 * Writes a tree as a tar stream: folders, parents first; then what has no content; then the files, in the order their
 * layers have them, so that each layer is read once, and only if something of it is left. The further names of a file
 * follow it as hard links.
 *
 * @param readLayer - The entries of a layer, counted from the lowest.
 */
export function exportTree(
  tree: FileTree,
  readLayer: (layer: number) => AsyncIterable<TarItem>,
): AsyncIterable<Uint8Array> {
  return writeTar(outputs(tree, readLayer));
}

async function* outputs(
  tree: FileTree,
  readLayer: (layer: number) => AsyncIterable<TarItem>,
): AsyncGenerator<TarOutput, void, undefined> {
  const names = new Map<Inode, string[]>();
  for (const node of tree.walk()) {
    const path = pathOf(node);
    if (node.children !== undefined) yield { entry: { ...node.inode.entry, name: `${path}/` } };
    else {
      const known = names.get(node.inode);
      if (known === undefined) names.set(node.inode, [path]);
      else known.push(path);
    }
  }
  const contents = new Map<number, Map<number, readonly string[]>>();
  for (const [inode, paths] of names) {
    if (inode.entry.size === 0) yield* named(inode, paths);
    else {
      const layer = contents.get(inode.layer) ?? new Map<number, readonly string[]>();
      contents.set(inode.layer, layer.set(inode.ordinal, paths));
    }
  }
  for (const [layer, wanted] of [...contents].sort(([a], [b]) => a - b)) {
    yield* filesOf(layer, wanted, readLayer(layer));
  }
}

async function* filesOf(
  layer: number,
  wanted: ReadonlyMap<number, readonly string[]>,
  items: AsyncIterable<TarItem>,
): AsyncGenerator<TarOutput, void, undefined> {
  let ordinal = 0;
  let left = wanted.size;
  for await (const { entry, content } of items) {
    const paths = wanted.get(ordinal);
    if (paths !== undefined) {
      yield* named({ entry, layer, ordinal }, paths, content());
      left -= 1;
    }
    ordinal += 1;
  }
  // Read twice, and another the second time.
  if (left > 0) throw new ContentError("INVALID", `Layer ${layer} changed while it was read.`);
}

function* named(
  { entry }: Inode,
  [first = "", ...others]: readonly string[],
  content?: AsyncIterable<Uint8Array>,
): Generator<TarOutput, void, undefined> {
  yield { entry: { ...entry, name: first }, content };
  for (const name of others) {
    yield { entry: { ...entry, name, type: "link", linkname: first, size: 0, pax: undefined } };
  }
}

function pathOf(node: TreeNode): string {
  const parts: string[] = [];
  for (let each: TreeNode | undefined = node; each?.parent !== undefined; each = each.parent)
    parts.push(each.name);
  return parts.reverse().join("/");
}
