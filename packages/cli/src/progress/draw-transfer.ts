import { formatBytes, formatDuration, shortDigest } from "../format.ts";
import type { Piece, TransferState } from "./transfer-state.ts";

export interface FrameOptions {
  readonly columns: number;
  readonly rows: number;
  readonly now: number;
  readonly startedAt: number;
  readonly colour: boolean;
}

/** Below this, a bar says less than the figures it would push away. */
const NARROW_COLUMNS = 60;
const VERY_NARROW_COLUMNS = 36;
const BAR_MAX_COLUMNS = 30;

/**
 * One frame: a line for each piece that fits, those on their way before those that are done, and the whole below. No
 * line is as wide as the terminal, so none wraps.
 */
export function drawTransfer(state: TransferState, options: FrameOptions): string[] {
  const pieces = [...state.pieces.values()];
  const room = Math.max(1, options.rows - 2);
  const lines = choose(pieces, room).map((piece) => pieceLine(piece, options));
  const hidden = pieces.length - lines.length;
  return [...lines, totalLine(state, hidden, options)];
}

/** In the order they came; where not all fit, those that move, then those that ended last. */
function choose(pieces: readonly Piece[], room: number): readonly Piece[] {
  if (pieces.length <= room) return pieces;
  const moving = pieces.filter((piece) => piece.status === "moving" || piece.status === "failed");
  const ended = pieces.filter((piece) => !moving.includes(piece)).sort((a, b) => b.endedAt - a.endedAt);
  const chosen = new Set([...moving, ...ended].slice(0, room));
  return pieces.filter((piece) => chosen.has(piece));
}

function pieceLine(piece: Piece, options: FrameOptions): string {
  const name = `${shortDigest(piece.digest)} ${kindOf(piece.mediaType).padEnd(8)}`;
  const sizes = `${formatBytes(piece.done)}/${formatBytes(piece.size)}`;
  switch (piece.status) {
    case "mounted":
    case "skipped": {
      const word = piece.status === "mounted" ? "mounted" : "there already";
      return fitLine([name, formatBytes(piece.size).padStart(9), word], options);
    }
    case "failed":
      return fitLine([name, "failed"], options);
    case "done": {
      const time = formatDuration(piece.endedAt - piece.startedAt);
      return fitLine([name, formatBytes(piece.size).padStart(9), `done in ${time}`], options);
    }
    default: {
      const elapsed = options.now - piece.startedAt;
      const speed = elapsed > 500 ? (piece.done / elapsed) * 1000 : 0;
      return barLine(name, piece.done, piece.size, sizes, rate(speed, piece.size - piece.done), options);
    }
  }
}

function totalLine(state: TransferState, hidden: number, options: FrameOptions): string {
  const { completed, total } = state;
  const name = hidden > 0 ? `total, ${hidden} not shown` : "total";
  const sizes = `${formatBytes(completed)}/${formatBytes(total)}`;
  const left =
    completed < total ? rate(state.speed(options.now), total - completed) : finished(state, options);
  return barLine(name.padEnd(21), completed, total, sizes, left, options);
}

function finished(state: TransferState, options: FrameOptions): readonly string[] {
  return [`${formatBytes(state.moved)} moved in ${formatDuration(options.now - options.startedAt)}`];
}

/** `34 MiB/s` and `3 s left`; nothing while there is nothing to tell from. */
function rate(speed: number, bytesLeft: number): readonly string[] {
  if (speed < 1) return [];
  return [`${formatBytes(speed)}/s`, `${formatDuration((bytesLeft / speed) * 1000)} left`];
}

/** As much as fits of: name, bar, percent, sizes, speed and time left. */
function barLine(
  name: string,
  done: number,
  total: number,
  sizes: string,
  rates: readonly string[],
  options: FrameOptions,
): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  if (options.columns < VERY_NARROW_COLUMNS) return fitLine([name.slice(0, 12).trimEnd(), percent], options);
  const parts = [percent, sizes.padStart(18), ...rates];
  if (options.columns < NARROW_COLUMNS) return fitLine([name, percent, ...rates.slice(0, 1)], options);
  const text = parts.join("  ");
  const width = Math.min(BAR_MAX_COLUMNS, options.columns - 1 - name.length - text.length - 6);
  if (width < 5) return fitLine([name, ...parts], options);
  return fitLine([name, bar(share, width), ...parts], options);
}

function bar(share: number, width: number): string {
  const filled = Math.round(share * width);
  return `[${"=".repeat(filled)}${filled < width ? ">" : ""}${" ".repeat(Math.max(0, width - filled - 1))}]`;
}

/** Fields two spaces apart, dropped from the right, and cut, until the line is narrower than the terminal. */
function fitLine(fields: readonly string[], options: FrameOptions): string {
  const limit = Math.max(1, options.columns - 1);
  let kept = [...fields];
  while (kept.length > 1 && kept.join("  ").length > limit) kept = kept.slice(0, -1);
  const line = kept.join("  ").slice(0, limit);
  return options.colour ? paint(line) : line;
}

/** Only what is finished recedes; everything else keeps the terminal's own colours. */
function paint(line: string): string {
  if (/ (?:done in|there already|mounted)/.test(line)) return `\u001b[2m${line}\u001b[22m`;
  return line.endsWith("failed") ? `\u001b[31m${line}\u001b[39m` : line;
}

function kindOf(mediaType: string): string {
  if (mediaType.includes("manifest.list") || mediaType.includes("index")) return "index";
  if (mediaType.includes("manifest")) return "manifest";
  if (mediaType.includes("config") || mediaType.includes("container.image.v1")) return "config";
  if (mediaType.includes("layer") || mediaType.includes("rootfs")) return "layer";
  return "blob";
}
