import type { CommandDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { exitMeanings, optionForm } from "./help.ts";
import { argumentForm, usageLine } from "./parse-call.ts";
import { GROUPS } from "./table.ts";

/** The manual page reg(1), in the macros of man(7). */
export function manualPage(version: string): string {
  const lines = [
    `.TH REG 1 "" ${roff(quote(`reg ${version}`))} "User Commands"`,
    ".SH NAME",
    "reg \\- a command line for OCI and Docker registries",
    ".SH SYNOPSIS",
    ".B reg",
    "COMMAND [arguments] [options]",
    ".SH DESCRIPTION",
    "Pulls, pushes, copies, lists, inspects, verifies and deletes images and artifacts in container registries.",
    "Results stand on standard output, as JSON of a stable shape with \\-\\-json; progress and failures on standard error.",
    ...GROUPS.flatMap((group) => [
      `.SH ${roff(group.title.toUpperCase())}`,
      ...group.commands.flatMap(manualCommand),
    ]),
    ".SH COMMON OPTIONS",
    ...COMMON_OPTIONS.flatMap((option) => [".TP", `.B ${roff(optionForm(option))}`, roff(option.summary)]),
    ".SH EXIT STATUS",
    ...Object.entries(EXIT_CODES).flatMap(([code, meaning]) => [".TP", `.B ${code}`, roff(meaning)]),
    ".TP",
    ".B 130",
    "interrupted",
  ];
  return `${lines.join("\n")}\n`;
}

/** The reference of every command, in Markdown. */
export function markdownReference(): string {
  const lines = [
    "# The `reg` command",
    "",
    "Made by `reg help --format markdown` from the definitions that the command itself runs by.",
    "",
    "## Common options",
    "",
    "| Option | |",
    "|---|---|",
    ...COMMON_OPTIONS.map((option) => `| \`${cell(optionForm(option))}\` | ${cell(option.summary)} |`),
    "",
    "## Exit codes",
    "",
    "| Code | |",
    "|---|---|",
    ...Object.entries(EXIT_CODES).map(([code, meaning]) => `| ${code} | ${meaning} |`),
    ...GROUPS.flatMap((group) => ["", `## ${group.title}`, ...group.commands.flatMap(markdownCommand)]),
  ];
  return `${lines.join("\n")}\n`;
}

function manualCommand(command: CommandDefinition): string[] {
  return [
    ".TP",
    `.B ${roff(usageLine(command))}`,
    roff(`${command.summary}.`),
    ...(command.details ?? []).map(roff),
    ".RS",
    ...command.arguments.flatMap((argument) => [
      ".TP",
      `.I ${roff(argumentForm(argument))}`,
      roff(argument.summary),
    ]),
    ...command.options.flatMap((option) => [".TP", `.B ${roff(optionForm(option))}`, roff(option.summary)]),
    ...command.examples.flatMap((example) => [
      ".PP",
      roff(`${example.does}:`),
      ".EX",
      roff(example.line),
      ".EE",
    ]),
    ".RE",
  ];
}

function markdownCommand(command: CommandDefinition): string[] {
  const rows = [
    ...command.arguments.map((argument) => [argumentForm(argument), argument.summary]),
    ...command.options.map((option) => [optionForm(option), option.summary]),
  ];
  const exits = exitMeanings(command).filter(([code]) => code in (command.exits ?? {}));
  return [
    "",
    `### reg ${command.name}`,
    "",
    `${command.summary}.`,
    ...(command.details ?? []).flatMap((paragraph) => ["", paragraph]),
    "",
    "```console",
    usageLine(command),
    "```",
    ...(rows.length === 0 ? [] : ["", "| | |", "|---|---|"]),
    ...rows.map(([form = "", summary = ""]) => `| \`${cell(form)}\` | ${cell(summary)} |`),
    ...(exits.length === 0
      ? []
      : ["", `Exit codes: ${exits.map(([code, meaning]) => `${code} ${meaning}`).join("; ")}.`]),
    "",
    "```console",
    ...command.examples.flatMap((example) => [`# ${example.does}`, example.line]),
    "```",
  ];
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

function quote(text: string): string {
  return `"${text}"`;
}

/** roff reads a backslash, a leading dot or quote and a plain hyphen as something else. */
function roff(text: string): string {
  const escaped = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...");
  return escaped.startsWith(".") || escaped.startsWith("'") ? `\\&${escaped}` : escaped;
}
