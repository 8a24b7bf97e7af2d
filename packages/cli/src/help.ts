import type { ArgumentDefinition, CommandDefinition, ExitCode, OptionDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { wrap } from "./format.ts";
import { argumentForm, usageLine } from "./parse-call.ts";
import { COMMANDS, GROUPS } from "./table.ts";

/** `reg help`. */
export function mainHelp(columns?: number): string {
  const sections = GROUPS.map((group) => section(group.title, group.commands.map(commandRow), columns));
  return join([
    "reg, a command line for OCI and Docker registries",
    "usage: reg COMMAND [arguments] [options]",
    ...sections,
    section("Common options", COMMON_OPTIONS.map(optionRow), columns),
    section("Exit codes", exitRows(), columns),
    "`reg help COMMAND` explains one command.",
  ]);
}

/** `reg blob`: the commands that begin with a word. */
export function groupHelp(word: string, columns?: number): string {
  const members = COMMANDS.filter((command) => command.name.startsWith(`${word} `));
  return join([
    `usage: reg ${word} COMMAND [arguments] [options]`,
    section("Commands", members.map(commandRow), columns),
  ]);
}

/** `reg help pull`. */
export function commandHelp(definition: CommandDefinition, columns?: number): string {
  const width = textWidth(columns);
  return join([
    ...[`${definition.summary}.`, ...(definition.details ?? [])].map((text) => wrap(text, width).join("\n")),
    `usage: ${usageLine(definition)}`,
    section("Arguments", definition.arguments.map(argumentRow), columns),
    section("Options", definition.options.map(optionRow), columns),
    examples(definition),
    section("Common options", COMMON_OPTIONS.map(optionRow), columns),
    section("Exit codes", exitRows(definition), columns),
  ]);
}

/** `-o, --output FILE`. */
export function optionForm(option: OptionDefinition): string {
  const long = option.value === undefined ? `--${option.name}` : `--${option.name} ${option.value}`;
  return option.short === undefined ? long : `-${option.short}, ${long}`;
}

/** What each code means for a command; without one, in general. */
export function exitMeanings(definition?: CommandDefinition): readonly (readonly [ExitCode, string])[] {
  const codes: readonly ExitCode[] = [0, 1, 2, 3, 4, 5, 6, 7];
  return codes.map((code) => [code, definition?.exits?.[code] ?? EXIT_CODES[code]]);
}

type Row = readonly [string, string];

function exitRows(definition?: CommandDefinition): Row[] {
  const meanings = exitMeanings(definition);
  // A command's own help repeats only what it adds to the general list.
  const shown =
    definition === undefined ? meanings : meanings.filter(([code]) => code in (definition.exits ?? {}));
  return shown.map(([code, meaning]) => [String(code), meaning]);
}

function commandRow(command: CommandDefinition): Row {
  return [[command.name, ...command.arguments.map(argumentForm)].join(" "), command.summary];
}

function argumentRow(argument: ArgumentDefinition): Row {
  return [argumentForm(argument), argument.summary];
}

function optionRow(option: OptionDefinition): Row {
  const repeated = option.many === true ? `${option.summary} (may be repeated)` : option.summary;
  return [option.short === undefined ? `    ${optionForm(option)}` : optionForm(option), repeated];
}

function examples(definition: CommandDefinition): string {
  if (definition.examples.length === 0) return "";
  const lines = definition.examples.map((example) => `  # ${example.does}\n  ${example.line}`);
  return `Examples:\n${lines.join("\n")}`;
}

/** A heading and two columns; on a narrow terminal the second column stands below the first. */
function section(title: string, rows: readonly Row[], columns?: number): string {
  if (rows.length === 0) return "";
  const width = textWidth(columns);
  const left = Math.min(34, Math.max(...rows.map(([first]) => first.length)) + 2);
  const stacked = width < left + 30;
  const lines = rows.flatMap(([first, second]) => {
    if (stacked) return [`  ${first}`, ...wrap(second, width, 6)];
    const text = wrap(second, width, left + 2);
    const head = text[0]?.trimStart() ?? "";
    if (first.length + 2 > left) return [`  ${first}`, ...text];
    return [`  ${first.padEnd(left)}${head}`, ...text.slice(1)];
  });
  return `${title}:\n${lines.join("\n")}`;
}

/** Long lines are hard to read, so a wide terminal is not filled. */
function textWidth(columns?: number): number {
  return Math.max(30, Math.min(columns || 80, 100) - 1);
}

function join(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
