import { escapeControl, safeJson } from "./escape.ts";
import type { LiveRegion } from "./progress/live-region.ts";

/** As much of a list as is held back before it is written. */
const LIST_BUFFER_CHARACTERS = 64 * 1024;

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

  /** The width of the terminal that results go to, where they go to one. */
  get columns(): number | undefined {
    return this.stdout.isTTY === true ? this.stdout.columns || undefined : undefined;
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

  /**
   * `{...head, [name]: [...]}`, written as the items come, so that a long list costs no memory. A list that breaks off
   * early, before anything had to be written, leaves nothing.
   */
  async list(head: object, name: string, items: AsyncIterable<unknown>): Promise<undefined> {
    let text = `${safeJson(head).slice(0, -1)},${safeJson(name)}:[`;
    let separator = "";
    for await (const item of items) {
      text += separator + safeJson(item);
      separator = ",";
      if (text.length < LIST_BUFFER_CHARACTERS) continue;
      await this.bytes(Buffer.from(text));
      text = "";
    }
    this.beforeResult?.();
    this.stdout.write(`${text}]}\n`);
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
