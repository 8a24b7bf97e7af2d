import type { ArgumentDefinition, CommandDefinition, OptionDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { COMMANDS } from "./table.ts";

/** The completion script for a shell, complete in itself: it never runs `reg`. */
export function completionScript(shell: "bash" | "zsh" | "fish"): string {
  switch (shell) {
    case "bash":
      return bash();
    case "zsh":
      return zsh();
    case "fish":
      return fish();
  }
}

function bash(): string {
  return `# bash completion for reg
_reg() {
  local cur prev path word i options files
  cur=\${COMP_WORDS[COMP_CWORD]}
  prev=\${COMP_WORDS[COMP_CWORD-1]}
  path=
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    [[ $word == -* ]] && continue
    case "$path $word" in
${indent(bashPaths(), 6)}
    esac
  done
  case "$path" in
${indent(COMMANDS.map(bashCommand), 4)}
    *) options="${words(COMMON_OPTIONS)}"; files= ;;
  esac
  case "$prev" in
${indent(bashValues(), 4)}
  esac
  if [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  case "$path" in
${indent(bashWords(), 4)}
    *)
      case "$cur" in
        oci:*|oci-archive:*|docker-archive:*) ;;
        *) [[ -n $files ]] && COMPREPLY=($(compgen -f -- "$cur")) ;;
      esac ;;
  esac
}
complete -o filenames -F _reg reg
`;
}

/** One or two words move the state to a command's name. */
function bashPaths(): string[] {
  return [
    ...firstWords(),
    ...COMMANDS.map((command) => command.name).filter((name) => name.includes(" ")),
  ].map((name) => `"${name.includes(" ") ? name : ` ${name}`}") path="${name}" ;;`);
}

function bashCommand(command: CommandDefinition): string {
  const files = command.arguments.some((argument) => argument.completes !== undefined) ? "yes" : "";
  return `"${command.name}") options="${words([...command.options, ...COMMON_OPTIONS])}"; files=${files} ;;`;
}

/** After an option with choices come those; after one that names a file, files. */
function bashValues(): string[] {
  return valueOptions().map(({ option, flags }) => {
    if (option.choices !== undefined) {
      return `${flags}) COMPREPLY=($(compgen -W "${option.choices.join(" ")}" -- "$cur")); return ;;`;
    }
    if (isFile(option.value)) return `${flags}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`;
    return `${flags}) return ;;`;
  });
}

function bashWords(): string[] {
  const rows = [`"") COMPREPLY=($(compgen -W "${firstWords().join(" ")}" -- "$cur")) ;;`];
  for (const [group, members] of groups()) {
    rows.push(`"${group}") COMPREPLY=($(compgen -W "${members.join(" ")}" -- "$cur")) ;;`);
  }
  for (const command of COMMANDS) {
    const choices = command.arguments[0]?.choices;
    if (choices !== undefined) {
      rows.push(`"${command.name}") COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$cur")) ;;`);
    }
  }
  return rows;
}

function zsh(): string {
  return `#compdef reg
# zsh completion for reg
_reg() {
  local state line path
  local -a commands
  _arguments -C '1: :->first' '*:: :->rest' && return
  case $state in
    first)
      commands=(
${indent(
  firstWords().map((word) => `${single(`${word}:${summaryOf(word)}`)}`),
  8,
)}
      )
      _describe command commands ;;
    rest)
      path=$line[1]
      case $path in
${indent(
  [...groups()].map(([group, members]) => zshGroup(group, members)),
  8,
)}
      esac
      case $path in
${indent(COMMANDS.map(zshCommand), 8)}
      esac ;;
  esac
}
if [ "$funcstack[1]" = "_reg" ]; then _reg "$@"; else compdef _reg reg; fi
`;
}

/** The first word of a group is a command itself (`manifest REF`) or not; either way its second word is offered. */
function zshGroup(group: string, members: readonly string[]): string {
  const rows = members.map((member) => single(`${member}:${summaryOf(`${group} ${member}`)}`));
  return `${group})
  commands=(${rows.join(" ")})
  if (( CURRENT == 2 )); then _describe command commands${has(group) ? "" : "; return"}
  elif (( \${commands[(I)$words[2]:*]} )); then path="${group} $words[2]"; shift words; (( CURRENT-- )); fi ;;`;
}

function zshCommand(command: CommandDefinition): string {
  const options = [...command.options, ...COMMON_OPTIONS].flatMap(zshOption);
  const positionals = command.arguments.map(zshArgument);
  return `"${command.name}") _arguments ${[...options, ...positionals].map(single).join(" ")} ;;`;
}

function zshOption(option: OptionDefinition): string[] {
  const many = option.many === true ? "*" : "";
  const text = option.summary.replaceAll(/([[\]:\\])/g, "\\$1");
  const value =
    option.value === undefined ? "" : `:${option.value.replaceAll(":", "\\:")}:${zshValue(option)}`;
  const forms = [`--${option.name}`, ...(option.short === undefined ? [] : [`-${option.short}`])];
  return forms.map((form) => `${many}${form}[${text}]${value}`);
}

function zshValue(option: OptionDefinition): string {
  if (option.choices !== undefined) return `(${option.choices.join(" ")})`;
  return isFile(option.value) ? "_files" : " ";
}

function zshArgument(argument: ArgumentDefinition): string {
  const place = argument.many === true ? "*" : "";
  const optional = argument.optional === true && argument.many !== true ? ":" : "";
  const action =
    argument.choices === undefined
      ? argument.completes === undefined
        ? " "
        : "_files"
      : `(${argument.choices.join(" ")})`;
  return `${place}${optional}:${argument.name}:${action}`;
}

function fish(): string {
  const lines = ["# fish completion for reg", "complete -c reg -f", ...fishHelper()];
  for (const word of firstWords()) {
    lines.push(`complete -c reg -n '__reg_at 0' -a ${single(word)} -d ${single(summaryOf(word))}`);
  }
  for (const [group, members] of groups()) {
    for (const member of members) {
      const summary = summaryOf(`${group} ${member}`);
      lines.push(`complete -c reg -n '__reg_at 1 ${group}' -a ${single(member)} -d ${single(summary)}`);
    }
  }
  for (const option of COMMON_OPTIONS) lines.push(fishOption(option));
  for (const command of COMMANDS) {
    for (const option of command.options) lines.push(fishOption(option, command.name));
    const choices = command.arguments[0]?.choices;
    if (choices !== undefined) {
      lines.push(`complete -c reg -n '__reg_in ${command.name}' -a ${single(choices.join(" "))}`);
    }
    if (command.arguments.some((argument) => argument.completes !== undefined)) {
      lines.push(`complete -c reg -n '__reg_in ${command.name}' -F`);
    }
  }
  return `${lines.join("\n")}\n`;
}

/** `__reg_at N WORDS`: exactly these words stand before; `__reg_in WORDS`: the line begins with them. */
function fishHelper(): string[] {
  return [
    "function __reg_words",
    "  for word in (commandline -opc)[2..-1]",
    "    string match -q -- '-*' $word; or echo $word",
    "  end",
    "end",
    "function __reg_at",
    "  set -l words (__reg_words)",
    '  test (count $words) -eq $argv[1]; and test "$words" = "$argv[2..-1]"',
    "end",
    "function __reg_in",
    "  set -l words (__reg_words)",
    "  set -l count (count $argv)",
    '  test (count $words) -ge $count; and test "$words[1..$count]" = "$argv"',
    "end",
  ];
}

function fishOption(option: OptionDefinition, command?: string): string {
  const parts = ["complete -c reg"];
  if (command !== undefined) parts.push(`-n '__reg_in ${command}'`);
  if (option.short !== undefined) parts.push(`-s ${option.short}`);
  parts.push(`-l ${option.name}`);
  if (option.choices !== undefined) parts.push(`-x -a ${single(option.choices.join(" "))}`);
  else if (option.value !== undefined) parts.push(isFile(option.value) ? "-r -F" : "-x");
  parts.push(`-d ${single(option.summary)}`);
  return parts.join(" ");
}

/** First words, each once: commands of one word, and groups. */
function firstWords(): string[] {
  return [...new Set(COMMANDS.map((command) => command.name.split(" ")[0] ?? ""))];
}

function groups(): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>();
  for (const command of COMMANDS) {
    const [group, member] = command.name.split(" ");
    if (group === undefined || member === undefined) continue;
    result.set(group, [...(result.get(group) ?? []), member]);
  }
  return result;
}

function has(name: string): boolean {
  return COMMANDS.some((command) => command.name === name);
}

function summaryOf(name: string): string {
  const own = COMMANDS.find((command) => command.name === name);
  if (own !== undefined) return own.summary;
  return (groups().get(name) ?? []).join(", ");
}

/** Every option that takes a value, with the ways to write it; one entry per name. */
function valueOptions(): { readonly option: OptionDefinition; readonly flags: string }[] {
  const seen = new Map<string, OptionDefinition>();
  for (const option of [...COMMON_OPTIONS, ...COMMANDS.flatMap((command) => command.options)]) {
    if (option.value !== undefined && !seen.has(option.name)) seen.set(option.name, option);
  }
  return [...seen.values()].map((option) => ({
    option,
    flags: option.short === undefined ? `--${option.name}` : `--${option.name}|-${option.short}`,
  }));
}

function isFile(value: string | undefined): boolean {
  return value !== undefined && /FILE|DIR|SOURCE|TARGET/.test(value);
}

function words(options: readonly OptionDefinition[]): string {
  return options.map((option) => `--${option.name}`).join(" ");
}

function single(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function indent(lines: readonly string[], spaces: number): string {
  return lines
    .flatMap((line) => line.split("\n"))
    .map((line) => " ".repeat(spaces) + line)
    .join("\n");
}
