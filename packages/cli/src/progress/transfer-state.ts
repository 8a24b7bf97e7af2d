import type { ProgressEvent } from "@reg/sdk";

export type PieceStatus = "waiting" | "moving" | "done" | "mounted" | "skipped" | "failed";

/** One piece of content on its way. Times are milliseconds of a monotonic clock. */
export interface Piece {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  status: PieceStatus;
  done: number;
  startedAt: number;
  endedAt: number;
}

/** Speed is what was moved in this time: long enough to be steady, short enough to follow a change. */
const SPEED_WINDOW_MS = 5_000;
const SAMPLE_INTERVAL_MS = 200;

/** What a transfer looks like at a moment, gathered from its events. */
export class TransferState {
  readonly pieces: Map<string, Piece> = new Map();
  plannedNodes = 0;
  plannedBytes = 0;
  /** Bytes that went over the wire, here and now. */
  moved = 0;
  readonly #samples: { readonly at: number; readonly moved: number }[] = [];

  apply(event: ProgressEvent, now: number): void {
    if (event.type === "planned") {
      this.plannedNodes = event.nodes;
      this.plannedBytes = event.bytes;
      return;
    }
    const piece = this.#piece(event.descriptor, now);
    switch (event.type) {
      case "bytes":
        this.moved += Math.max(0, event.done - piece.done);
        piece.status = "moving";
        piece.done = event.done;
        break;
      case "started":
        piece.status = "moving";
        piece.startedAt = now;
        break;
      case "done":
        this.moved += piece.size - piece.done;
        piece.done = piece.size;
        this.#end(piece, "done", now);
        break;
      case "mounted":
      case "skipped":
        piece.done = piece.size;
        this.#end(piece, event.type, now);
        break;
      case "failed":
        this.#end(piece, "failed", now);
        break;
      case "retried":
      case "tagged":
        break;
    }
  }

  /** Bytes that are where they should be, moved or not. */
  get completed(): number {
    let bytes = 0;
    for (const piece of this.pieces.values()) bytes += piece.done;
    return bytes;
  }

  get total(): number {
    let bytes = 0;
    for (const piece of this.pieces.values()) bytes += piece.size;
    return Math.max(bytes, this.plannedBytes);
  }

  /** Bytes a second, lately. */
  speed(now: number): number {
    const last = this.#samples.at(-1);
    if (last === undefined || now - last.at >= SAMPLE_INTERVAL_MS)
      this.#samples.push({ at: now, moved: this.moved });
    while (this.#samples.length > 2 && now - (this.#samples[0]?.at ?? now) > SPEED_WINDOW_MS)
      this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now <= first.at) return 0;
    return ((this.moved - first.moved) / (now - first.at)) * 1000;
  }

  #piece(descriptor: { digest: string; mediaType: string; size: number }, now: number): Piece {
    const known = this.pieces.get(descriptor.digest);
    if (known !== undefined) return known;
    const { digest, mediaType, size } = descriptor;
    const piece: Piece = {
      digest,
      mediaType,
      size,
      status: "waiting",
      done: 0,
      startedAt: now,
      endedAt: now,
    };
    this.pieces.set(digest, piece);
    return piece;
  }

  #end(piece: Piece, status: PieceStatus, now: number): void {
    piece.status = status;
    piece.endedAt = now;
  }
}
