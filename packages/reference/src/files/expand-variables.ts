import { joinMapped, type MappedText, sliceMapped } from "./mapped-text.ts";

/** No reference is longer; defaults that hold each other twice over would be. */
const MAX_VALUE_CHARACTERS = 4_096;

/** Defaults within defaults: more than anybody writes. */
const MAX_DEPTH = 16;

export interface ExpandOptions {
  readonly lookup: (name: string) => MappedText | undefined;
  /** Takes quotes away, as a Dockerfile's words have them; within single quotes nothing is replaced. */
  readonly quotes?: boolean;
  /** What keeps a `$` as it is: `\` or a backtick in a Dockerfile, another `$` in a compose file. */
  readonly escape: string;
}

/** The text with its variables replaced, or the first one that has no value here, or too long a one. */
export type Expansion =
  | { readonly ok: true; readonly value: MappedText }
  | { readonly ok: false; readonly variable: string };

/**
 * Replaces `$NAME` and `${NAME}`, with the shell's `:-`, `-`, `:+`, `+`, `:?` and `?`, as Dockerfiles and compose
 * files have them. Any other operator counts as a variable without a value.
 */
export function expandVariables(input: MappedText, options: ExpandOptions, depth = 0): Expansion {
  const parts: MappedText[] = [];
  const { text } = input;
  let quote = "";
  let length = 0;
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (
      options.quotes === true &&
      (character === quote || (quote === "" && (character === '"' || character === "'")))
    ) {
      quote = quote === "" ? character : "";
      at++;
    } else if (character === options.escape && text.charAt(at + 1) === "$") {
      parts.push(sliceMapped(input, at + 1, at + 2));
      at += 2;
    } else if (character !== "$" || quote === "'") {
      parts.push(sliceMapped(input, at, at + 1));
      at++;
    } else {
      const end = variableEnd(text, at);
      const expansion = expandOne(sliceMapped(input, at, end), options, depth);
      if (!expansion.ok) return expansion;
      length += expansion.value.text.length;
      if (length > MAX_VALUE_CHARACTERS) return { ok: false, variable: text.slice(at, end) };
      parts.push(expansion.value);
      at = end;
    }
  }
  return { ok: true, value: joinMapped(parts) };
}

/** Where the variable that begins with the `$` at `start` ends; braces may hold others. */
function variableEnd(text: string, start: number): number {
  if (text.charAt(start + 1) !== "{") {
    let at = start + 1;
    while (/\w/.test(text.charAt(at))) at++;
    return at;
  }
  let depth = 0;
  for (let at = start + 1; at < text.length; at++) {
    if (text.charAt(at) === "{") depth++;
    if (text.charAt(at) === "}" && --depth === 0) return at + 1;
  }
  return text.length;
}

function expandOne(variable: MappedText, options: ExpandOptions, depth: number): Expansion {
  const body = variable.text.startsWith("${") ? sliceMapped(variable, 2, -1) : sliceMapped(variable, 1);
  const name = /^\w*/.exec(body.text)?.[0] ?? "";
  const operator = /^:?[-+?]/.exec(body.text.slice(name.length))?.[0] ?? "";
  const rest = sliceMapped(body, name.length + operator.length);
  const unknown: Expansion = { ok: false, variable: name === "" ? variable.text : name };
  if (name === "" || depth > MAX_DEPTH || (operator === "" && rest.text !== "")) return unknown;

  const value = options.lookup(name);
  const given = value !== undefined && !(operator.startsWith(":") && value.text === "") ? value : undefined;
  if (operator.endsWith("+")) {
    return given === undefined
      ? { ok: true, value: { text: "", offsets: [] } }
      : expandVariables(rest, options, depth + 1);
  }
  if (given !== undefined) return { ok: true, value: given };
  return operator.endsWith("-") ? expandVariables(rest, options, depth + 1) : unknown;
}
