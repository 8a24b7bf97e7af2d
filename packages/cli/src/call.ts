import type { Output } from "./output.ts";
import type { ParsedCall } from "./parse-call.ts";

/** What the process gives a command; tests give their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
  /** Aborts at Ctrl-C, and when `--timeout` has passed. */
  readonly signal: AbortSignal;
}

/** One run of a command: what was asked for, and where the answer goes. */
export class Call {
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly #parsed: ParsedCall;
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor(parsed: ParsedCall, surroundings: Surroundings) {
    this.#parsed = parsed;
    this.output = surroundings.output;
    this.signal = surroundings.signal;
    this.environment = surroundings.environment;
  }

  /** The command's name: `blob get`. */
  get name(): string {
    return this.#parsed.definition.name;
  }

  get resumable(): boolean {
    return this.#parsed.definition.resumable === true;
  }

  flag(name: string): boolean {
    return this.#option(name) === true;
  }

  text(name: string): string | undefined {
    return this.list(name).at(-1);
  }

  list(name: string): readonly string[] {
    const value = this.#option(name);
    return value === undefined || value === true ? [] : value;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  /** A required argument. */
  argument(name: string): string {
    const value = this.optionalArgument(name);
    if (value === undefined) throw new Error(`${this.name} has no required argument ${name}`);
    return value;
  }

  optionalArgument(name: string): string | undefined {
    return this.arguments(name)[0];
  }

  arguments(name: string): readonly string[] {
    if (!this.#parsed.definition.arguments.some((argument) => argument.name === name)) {
      throw new Error(`${this.name} declares no argument ${name}`);
    }
    return this.#parsed.arguments.get(name) ?? [];
  }

  /** Done when the command ends, in whatever way; the last one first. */
  defer(cleanup: () => Promise<void> | void): void {
    this.#cleanups.push(cleanup);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const cleanup of this.#cleanups.reverse()) await cleanup();
    this.#cleanups.length = 0;
  }

  /** A name that no definition declares would be an option nobody can give. */
  #option(name: string): readonly string[] | true | undefined {
    const value = this.#parsed.options.get(name);
    if (value === undefined && !this.#parsed.declares(name)) {
      throw new Error(`${this.name} declares no option --${name}`);
    }
    return value;
  }
}
