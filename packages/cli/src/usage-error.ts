/** The command line itself is wrong: exit code 2. `hint` is the next step. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
  readonly code: "USAGE" = "USAGE";
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}

export interface CommandErrorOptions extends ErrorOptions {
  /** The next step. */
  readonly hint?: string | undefined;
  readonly status?: number | undefined;
  /** As a registry sent them. */
  readonly errors?: readonly unknown[] | undefined;
}

/** A failure that a command finds by itself, with one of the codes of the packages. */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly code: string;
  readonly hint: string | undefined;
  readonly status: number | undefined;
  readonly errors: readonly unknown[] | undefined;

  constructor(code: string, message: string, options: CommandErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.status = options.status;
    this.errors = options.errors;
  }
}
