import { escapeControl, safeJson } from "./escape.ts";
import type { LiveRegion } from "./progress/live-region.ts";

/** A stream that text is written to: standard output and standard error are. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(chunk: string | Uint8Array, done?: (error?: Error | null) => void): boolean;
}

export interface OutputOptions {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colour: boolean;
}

/**
 * Where a command's answers go. Results stand on standard output, for people or as JSON; everything that merely
 * accompanies them stands on standard error.
 */
export class Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly colour: boolean;
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** Bars at the foot of the terminal, where there are any: notes are written above them. */
  live: LiveRegion | undefined;
  /** Called before a result is written: what was being drawn is finished first. */
  beforeResult: (() => void) | undefined;

  constructor(options: OutputOptions) {
    this.stdout = options.stdout;
    this.stderr = options.stderr;
    this.json = options.json;
    this.quiet = options.quiet;
    this.colour = options.colour;
  }

  /** One line of a result for people. */
  line(text: string): void {
    this.beforeResult?.();
    this.stdout.write(`${escapeControl(text)}\n`);
  }

  /** One JSON value on a line of its own. */
  value(value: unknown): void {
    this.beforeResult?.();
    this.stdout.write(`${safeJson(value)}\n`);
  }

  /** The result, as JSON when that was asked for and in the given lines otherwise. */
  result(value: unknown, lines: () => readonly string[]): void {
    if (this.json) this.value(value);
    else for (const line of lines()) this.line(line);
  }

  /**
   * A document as it is. A terminal gets it with control characters escaped and a newline at the end; a file or pipe
   * gets the bytes.
   */
  async document(bytes: Uint8Array): Promise<void> {
    if (this.stdout.isTTY !== true) return this.bytes(bytes);
    const text = escapeControl(new TextDecoder().decode(bytes), { lines: true });
    this.stdout.write(text === "" || text.endsWith("\n") ? text : `${text}\n`);
  }

  /** Bytes as they are, waiting until they are taken. */
  async bytes(chunk: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.stdout.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Something worth saying besides the result. Not said with `--quiet` or `--json`. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.error(text);
  }

  /** A line on standard error, always. */
  error(text: string): void {
    const line = escapeControl(text);
    if (this.live === undefined) this.stderr.write(`${line}\n`);
    else this.live.above(line);
  }
}
