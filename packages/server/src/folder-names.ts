import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isName } from "./names.ts";

/** What a layout has in its folder: a repository below another one must not be called so. */
const LAYOUT_PARTS: ReadonlySet<string> = new Set(["blobs", "index.json", "oci-layout"]);

/** No component of a name begins with it, so that nothing of ours can meet a repository. */
const MARK = "_";

/** Names are at most 255 characters, and so at most 128 components. */
const MAX_DEPTH = 128;

/**
 * The folder of a repository below another: `demo/hello`, and for the few names that would be taken for a part of the
 * layout of the repository above, `demo/_blobs`.
 */
export function folderOf(root: string, name: string): string {
  const parts = name.split("/").map((part) => (LAYOUT_PARTS.has(part) ? MARK + part : part));
  return join(root, ...parts);
}

/** Every folder below the root that is a layout, by the name of its repository, in order. */
export async function findRepositories(root: string): Promise<string[]> {
  const found: string[] = [];
  await search(root, [], found);
  return found.sort();
}

async function search(folder: string, name: readonly string[], found: string[]): Promise<void> {
  if (name.length > MAX_DEPTH) return;
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []); // removed while it was walked
  if (name.length > 0 && entries.some((entry) => entry.name === "oci-layout" && entry.isFile())) {
    found.push(name.join("/"));
  }
  for (const entry of entries) {
    if (!entry.isDirectory() || LAYOUT_PARTS.has(entry.name)) continue;
    const marked = entry.name.startsWith(MARK) && LAYOUT_PARTS.has(entry.name.slice(MARK.length));
    const part = marked ? entry.name.slice(MARK.length) : entry.name;
    if (isName(part)) await search(join(folder, entry.name), [...name, part], found);
  }
}
