import { parseReference, type RegistryClient } from "@reg/sdk";

export interface Answer {
  readonly reference: string;
  readonly current: string;
  /** The newest version above the current one, of the same form: `1.2-alpine` is not offered to who runs `1.1`. */
  readonly newer: string | null;
  /** When the image was made, where the tag is no version. */
  readonly created?: string | undefined;
}

/** Looks for a newer version of an image. */
export async function newerVersion(client: RegistryClient, input: string): Promise<Answer> {
  const reference = parseReference(input, { defaultTag: "latest" });
  const current = reference.tag ?? "latest";
  const version = /^(v?)(\d+)((?:\.\d+)*)(-[a-z][\w.]*)?$/.exec(current);
  if (version === null) {
    const { created } = await client.images.config(reference);
    return { reference: input, current, newer: null, created };
  }
  const [, prefix = "", , minors = "", suffix = ""] = version;
  const form = new RegExp(
    `^${prefix}\\d+(?:\\.\\d+){${minors.split(".").length - 1}}${suffix.replaceAll(".", "\\.")}$`,
  );
  let newest = current;
  for await (const tag of client.tags.list(reference, { match: form }))
    if (compareVersions(tag, newest) > 0) newest = tag;
  return { reference: input, current, newer: newest === current ? null : newest };
}

/** By their numbers, the first one that differs. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((tag) => (tag.match(/\d+/g) ?? []).map(Number));
  const at = left?.findIndex((number, index) => number !== right?.[index]) ?? -1;
  return at === -1 ? 0 : (left?.[at] ?? 0) - (right?.[at] ?? 0);
}
