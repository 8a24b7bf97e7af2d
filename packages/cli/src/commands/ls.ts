import type { FileEntry } from "@reg/sdk";
import type { Call } from "../call.ts";
import { openImageFiles } from "../open-image-argument.ts";

/** `{reference, path, entries: [{path, type, mode, uid, gid, size, mtime, link}]}`; mode in octal. */
export async function run(call: Call): Promise<undefined> {
  const path = call.optionalArgument("PATH") ?? "/";
  const { files, label } = await openImageFiles(call);
  const entries: object[] = [];
  for await (const entry of files.list(path, { recursive: call.flag("recursive") })) {
    if (call.output.json) entries.push(document(entry));
    else call.output.line(line(entry));
  }
  if (call.output.json) call.output.value({ reference: label, path, entries });
}

function document({ path, type, mode, uid, gid, size, mtime, link }: FileEntry): object {
  return {
    path,
    type,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    size,
    mtime: mtime.toISOString(),
    link: link ?? null,
  };
}

/** As `ls -l` has it. */
function line({ path, type, mode, uid, gid, size, link }: FileEntry): string {
  const owner = `${uid}:${gid}`.padStart(9);
  const target = link === undefined ? "" : ` -> ${link}`;
  return `${KINDS[type]}${permissions(mode)} ${owner} ${String(size).padStart(10)}  ${path}${target}`;
}

const KINDS: Readonly<Record<FileEntry["type"], string>> = {
  file: "-",
  directory: "d",
  symlink: "l",
  "character-device": "c",
  "block-device": "b",
  fifo: "p",
};

function permissions(mode: number): string {
  const bits = ["r", "w", "x", "r", "w", "x", "r", "w", "x"];
  const shown = bits.map((bit, index) => ((mode & (0o400 >> index)) === 0 ? "-" : bit));
  const special: readonly (readonly [number, number, string])[] = [
    [0o4000, 2, "s"],
    [0o2000, 5, "s"],
    [0o1000, 8, "t"],
  ];
  for (const [bit, place, letter] of special) {
    if ((mode & bit) !== 0) shown[place] = shown[place] === "x" ? letter : letter.toUpperCase();
  }
  return shown.join("");
}
