import type { TextStream } from "../output.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
/** Terminals that know it show the frame at once (mode 2026, "synchronised output"); the others ignore it. */
const BEGIN_FRAME = "\u001b[?2026h";
const END_FRAME = "\u001b[?2026l";
const CLEAR_TO_END_OF_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/**
 * The last lines of a terminal, drawn over and over. A frame is one write that overwrites in place and never clears
 * what it is about to draw, so nothing flickers.
 */
export class LiveRegion {
  readonly #stream: TextStream;
  #height = 0;
  #hidden = false;
  #last = "";

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** A terminal that says 0 does not know. */
  get columns(): number {
    return this.#stream.columns || 80;
  }

  get rows(): number {
    return this.#stream.rows || 24;
  }

  /** Each line must be narrower than the terminal: one that wraps would be counted wrongly. */
  draw(lines: readonly string[]): void {
    const body = lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}\n`).join("");
    if (body === this.#last && lines.length === this.#height) return;
    this.#write(body);
    this.#last = body;
    this.#height = lines.length;
  }

  /** Writes a line that stays, and the region again below it. */
  above(text: string): void {
    const region = this.#last;
    this.#write(`${text}${CLEAR_TO_END_OF_LINE}\n${region}`);
  }

  /** Takes the region away; the next `draw` begins where the cursor is then. */
  clear(): void {
    if (this.#height > 0) this.#write("");
    this.#height = 0;
    this.#last = "";
    this.showCursor();
  }

  /** Leaves the last frame where it is. */
  end(): void {
    this.#height = 0;
    this.#last = "";
    this.showCursor();
  }

  showCursor(): void {
    if (!this.#hidden) return;
    this.#hidden = false;
    this.#stream.write(SHOW_CURSOR);
  }

  #write(body: string): void {
    const up = this.#height > 0 ? `\u001b[${this.#height}A` : "";
    const hide = this.#hidden ? "" : HIDE_CURSOR;
    this.#hidden = true;
    this.#stream.write(`${BEGIN_FRAME}${hide}${up}\r${body}${CLEAR_BELOW}${END_FRAME}`);
  }
}
