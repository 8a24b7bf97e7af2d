import { parseArgs } from "node:util";
import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { suggest } from "./suggest.ts";
import { UsageError } from "./usage-error.ts";

/** A command line, taken apart and checked against the definition. */
export interface ParsedCall {
  readonly definition: CommandDefinition;
  readonly options: ReadonlyMap<string, readonly string[] | true>;
  readonly arguments: ReadonlyMap<string, readonly string[]>;
  /** True where help was asked for; the arguments are not checked then. */
  readonly help: boolean;
  /** Whether the command has an option of this name. */
  declares(option: string): boolean;
}

/** What the words of a command line name: a command, a group of commands, or nothing. */
export type Found =
  | { readonly kind: "command"; readonly definition: CommandDefinition; readonly rest: readonly string[] }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "none"; readonly help: boolean; readonly version: boolean };

/**
 * Finds the command among the words. Common options may stand before it.
 *
 * @throws UsageError for a word that is no command
 */
export function findCommand(argv: readonly string[], commands: readonly CommandDefinition[]): Found {
  const positionals = leadingWords(argv);
  const [first, second] = positionals;
  if (first === undefined) {
    return { kind: "none", help: hasFlag(argv, "--help", "-h"), version: hasFlag(argv, "--version", "-V") };
  }
  if (second !== undefined) {
    const pair = commands.find((command) => command.name === `${first.value} ${second.value}`);
    if (pair !== undefined) {
      return { kind: "command", definition: pair, rest: without(argv, [first.index, second.index]) };
    }
  }
  const single = commands.find((command) => command.name === first.value);
  if (single !== undefined)
    return { kind: "command", definition: single, rest: without(argv, [first.index]) };
  const members = commands.filter((command) => command.name.startsWith(`${first.value} `));
  if (members.length === 0) throw unknownCommand(first.value, commands);
  if (second === undefined) return { kind: "group", name: first.value };
  throw unknownCommand(`${first.value} ${second.value}`, members);
}

/**
 * Reads the options and arguments of one command.
 *
 * @throws UsageError that says what is wrong and what to write instead
 */
export function parseCall(definition: CommandDefinition, argv: readonly string[]): ParsedCall {
  const known = [...definition.options, ...COMMON_OPTIONS];
  const { values, positionals } = readOptions(definition, known, argv);
  const help = values["help"] === true;
  const options = new Map<string, readonly string[] | true>();
  for (const option of known) {
    const value = values[option.name];
    if (value === undefined) continue;
    if (option.value === undefined) {
      options.set(option.name, true);
      continue;
    }
    const list = (Array.isArray(value) ? value : [value]).map(String);
    for (const item of list) checkValue(option, item);
    options.set(option.name, list);
  }
  return {
    definition,
    options,
    arguments: help ? new Map() : readArguments(definition, positionals),
    help,
    declares: (name) => known.some((option) => option.name === name),
  };
}

/** `reg blob get REPO@DIGEST [options]`. */
export function usageLine(definition: CommandDefinition): string {
  const words = definition.arguments.map(argumentForm);
  return ["reg", definition.name, ...words, "[options]"].join(" ");
}

/** `NAME`, `NAME...`, `[NAME]`, `[NAME...]`. */
export function argumentForm(argument: ArgumentDefinition): string {
  const name = argument.many === true ? `${argument.name}...` : argument.name;
  return argument.optional === true ? `[${name}]` : name;
}

function parserOptions(known: readonly OptionDefinition[]): Record<string, ParserOption> {
  return Object.fromEntries(
    known.map((option) => [
      option.name,
      {
        type: option.value === undefined ? "boolean" : "string",
        ...(option.short === undefined ? {} : { short: option.short }),
        ...(option.many === true ? { multiple: true } : {}),
      } satisfies ParserOption,
    ]),
  );
}

interface ParserOption {
  readonly type: "boolean" | "string";
  readonly short?: string;
  readonly multiple?: boolean;
}

interface Word {
  readonly value: string;
  readonly index: number;
}

/** The words that are neither options nor values of common options; `--` ends the search. */
function leadingWords(argv: readonly string[]): readonly Word[] {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parserOptions(COMMON_OPTIONS),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: Word[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") break;
    if (token.kind === "positional") words.push({ value: token.value, index: token.index });
  }
  return words;
}

function without(argv: readonly string[], indices: readonly number[]): string[] {
  return argv.filter((_, index) => !indices.includes(index));
}

function hasFlag(argv: readonly string[], long: string, short: string): boolean {
  return argv.includes(long) || argv.includes(short);
}

function unknownCommand(word: string, commands: readonly CommandDefinition[]): UsageError {
  const near = suggest(
    word,
    commands.map((command) => command.name),
  );
  return new UsageError(
    `"${word}" is not a command of reg`,
    near === undefined ? "`reg help` lists them" : `did you mean \`reg ${near}\`?`,
  );
}

function readOptions(
  definition: CommandDefinition,
  known: readonly OptionDefinition[],
  argv: readonly string[],
): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  try {
    return parseArgs({
      args: [...argv],
      options: parserOptions(known),
      strict: true,
      allowPositionals: true,
    });
  } catch (error) {
    throw explainParseError(error, definition, known, argv);
  }
}

/** Node's messages name neither the command nor the option that was meant. */
function explainParseError(
  error: unknown,
  definition: CommandDefinition,
  known: readonly OptionDefinition[],
  argv: readonly string[],
): Error {
  if (!(error instanceof Error) || !("code" in error))
    return error instanceof Error ? error : new Error(String(error));
  const help = `\`reg ${definition.name} --help\` lists its options`;
  if (error.code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const written = /'(-[^' ]*)/.exec(error.message)?.[1] ?? "option";
    const near = suggest(
      written.replace(/^-+/, ""),
      known.map((option) => option.name),
    );
    return new UsageError(
      `reg ${definition.name} has no option ${written}`,
      near === undefined ? help : `did you mean --${near}?`,
    );
  }
  const named = known.find((option) => error.message.includes(`--${option.name}`));
  if (named === undefined) return new UsageError(firstSentence(error.message), help);
  if (named.value === undefined) return new UsageError(`--${named.name} takes no value`, help);
  const index = argv.findIndex((word) => word === `--${named.name}` || word === `-${named.short}`);
  const next = index < 0 ? undefined : argv[index + 1];
  if (next?.startsWith("-") === true && next !== "-") {
    return new UsageError(
      `--${named.name} needs a value (${named.value})`,
      `a value that begins with "-" is written --${named.name}=VALUE`,
    );
  }
  return new UsageError(`--${named.name} needs a value (${named.value})`, help);
}

function firstSentence(message: string): string {
  const end = message.indexOf(". ");
  return end < 0 ? message : message.slice(0, end);
}

function checkValue(option: OptionDefinition, value: string): void {
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw new UsageError(`--${option.name} is one of ${option.choices.join(", ")}, not "${value}"`);
  }
  if (option.atLeast === undefined) return;
  if (!/^\d{1,15}$/.test(value) || Number(value) < option.atLeast) {
    throw new UsageError(`--${option.name} is a whole number of at least ${option.atLeast}, not "${value}"`);
  }
}

function readArguments(
  definition: CommandDefinition,
  positionals: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, readonly string[]>();
  const usage = `usage: ${usageLine(definition)}`;
  let next = 0;
  for (const [index, argument] of definition.arguments.entries()) {
    const after = definition.arguments.slice(index + 1).filter((later) => later.optional !== true).length;
    const available = positionals.length - next - after;
    const taken = argument.many === true ? Math.max(0, available) : Math.min(1, Math.max(0, available));
    if (taken === 0 && argument.optional !== true) throw new UsageError(`${argument.name} is missing`, usage);
    const values = positionals.slice(next, next + taken);
    for (const value of values) checkArgument(argument, value, usage);
    if (taken > 0) result.set(argument.name, values);
    next += taken;
  }
  const extra = positionals[next];
  if (extra !== undefined) throw new UsageError(`"${extra}" is one argument too many`, usage);
  return result;
}

function checkArgument(argument: ArgumentDefinition, value: string, usage: string): void {
  if (argument.choices !== undefined && !argument.choices.includes(value)) {
    throw new UsageError(`${argument.name} is one of ${argument.choices.join(", ")}, not "${value}"`, usage);
  }
  if (value === "") throw new UsageError(`${argument.name} is empty`, usage);
}
