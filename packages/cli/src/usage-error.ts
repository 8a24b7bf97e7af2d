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

/** A command ends with this code and says why itself, as `reg exists` does for "no". */
export class CommandError extends Error {
  override readonly name: string = "CommandError";
  readonly code: string;
  readonly hint: string | undefined;

  constructor(code: string, message: string, options: ErrorOptions & { readonly hint?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
