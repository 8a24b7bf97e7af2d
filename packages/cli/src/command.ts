import type { Call } from "./call.ts";

/** One option of a command. Without `value` it is a flag. */
export interface OptionDefinition {
  readonly name: string;
  readonly short?: string;
  /** What its value is called in help: `FILE`, `N`. */
  readonly value?: string;
  readonly summary: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  /** May be given more than once. */
  readonly many?: boolean;
  /** A whole number of at least this. */
  readonly atLeast?: number;
}

/** One argument, in the order it is given. */
export interface ArgumentDefinition {
  readonly name: string;
  readonly summary: string;
  readonly optional?: boolean;
  /** Takes all that are left. */
  readonly many?: boolean;
  readonly choices?: readonly string[];
  /** What a shell offers for it; nothing else is known without asking a registry. */
  readonly completes?: "file" | "folder";
}

export interface Example {
  readonly line: string;
  readonly does: string;
}

/** The exit codes of the command line: 0 done, and seven ways to fail. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** What a command's own module exports. It is loaded when the command is run, and not before. */
export interface CommandModule {
  run(call: Call): Promise<ExitCode | undefined>;
}

/**
 * One command. Help, completions, manual page and markdown reference are made from this and nothing else.
 */
export interface CommandDefinition {
  /** One or two words: `pull`, `blob get`. */
  readonly name: string;
  readonly summary: string;
  /** Paragraphs below the summary. */
  readonly details?: readonly string[];
  readonly arguments: readonly ArgumentDefinition[];
  readonly options: readonly OptionDefinition[];
  readonly examples: readonly Example[];
  /** What an exit code means here, where that says more than its usual meaning. */
  readonly exits?: Partial<Record<ExitCode, string>>;
  /** True where the work can be taken up again after an interruption by the same line. */
  readonly resumable?: boolean;
  readonly load: () => Promise<CommandModule>;
}

/** Commands that belong together, under one heading of the help. */
export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly CommandDefinition[];
}
