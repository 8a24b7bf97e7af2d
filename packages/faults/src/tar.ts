/** An entry of a tar, as wrong as a case wants it. */
export interface TarEntry {
  readonly name: string;
  /** `0` file (default), `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder. */
  readonly type?: string;
  readonly target?: string;
  readonly body?: string;
  readonly mode?: number;
  /** What the header says, in place of the body's length. */
  readonly size?: number;
}

const BLOCK_BYTES = 512;

/** A tar of these entries (POSIX.1-1988, ustar). */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** A file's header alone, for bodies that are made elsewhere. */
export function tarHeader({
  name,
  type = "0",
  target = "",
  body = "",
  mode = 0o644,
  size,
}: TarEntry): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits - 1, "0")}\0`;
  header.write(name, 0, 100, "latin1");
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8) + octal(0, 8), 108);
  header.write(octal(size ?? Buffer.byteLength(body), 12) + octal(0, 12), 124);
  header.write(`        ${type}`, 148);
  header.write(target, 157, 100, "latin1");
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

/** Names and link targets in a tar, without reading what they mean. */
export function tarNames(
  bytes: Buffer,
): { readonly name: string; readonly type: string; readonly target: string }[] {
  const found: ReturnType<typeof tarNames> = [];
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; ) {
    const header = bytes.subarray(at, at + BLOCK_BYTES);
    if (header.every((byte) => byte === 0)) break;
    const text = (from: number, length: number): string =>
      header.toString("latin1", from, from + length).replace(/\0.*$/s, "");
    const prefix = text(345, 155);
    const name = prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
    found.push({ name, type: text(156, 1), target: text(157, 100) });
    at += BLOCK_BYTES + Math.ceil(Number.parseInt(text(124, 12), 8) / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return found;
}

function blocksOf(entry: TarEntry): Buffer[] {
  const body = Buffer.from(entry.body ?? "");
  return [tarHeader(entry), body, Buffer.alloc((BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES)];
}
