/** `12.3 MiB`: three digits that matter, binary units. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? "B"}`;
}

/** `0.4 s`, `12 s`, `3m05s`, `2h07m`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
}

/** The first 12 digits of a digest, as people know images by. */
export function shortDigest(digest: string): string {
  const colon = digest.indexOf(":");
  return digest.slice(colon + 1, colon + 13);
}

/** A text and a digest on one line; the digest on the next where the terminal is narrower, so that it stays in one piece. */
export function withDigest(text: string, digest: string, columns?: number, indent = ""): string[] {
  const line = `${text}  ${digest}`;
  return columns === undefined || line.length <= columns ? [line] : [text, `${indent}${digest}`];
}

/** Columns as wide as their widest cell, two spaces apart; the last one is left ragged. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

/** Words broken into lines of at most `width`, each after `indent` spaces. */
export function wrap(text: string, width: number, indent = 0): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(" ".repeat(indent) + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(" ".repeat(indent) + line);
  return lines;
}

/** A line broken where the terminal ends, between words, what follows set in; as it is where there is no terminal. */
export function fold(text: string, columns?: number): string[] {
  if (columns === undefined) return [text];
  const [first = "", ...rest] = wrap(text, columns, 2);
  return [first.trimStart(), ...rest];
}

/** As much of a text as fits, in characters; an ellipsis where there was more. */
export function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns
    ? text
    : `${characters
        .slice(0, columns - 1)
        .join("")
        .trimEnd()}…`;
}

const UNITS: readonly string[] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
