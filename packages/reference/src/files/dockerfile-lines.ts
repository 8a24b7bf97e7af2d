import { joinMapped, type MappedText, sliceMapped, verbatim } from "./mapped-text.ts";

export interface Dockerfile {
  /** What its directives say, by name in lower case (Dockerfile reference, "Parser directives"). */
  readonly directives: ReadonlyMap<string, MappedText>;
  /** A backslash, or the backtick that a directive asks for. */
  readonly escapeCharacter: string;
  /** Its instructions, continuation lines joined, comments and here-documents left out. */
  readonly instructions: readonly MappedText[];
}

/** Takes a Dockerfile apart into instructions, each character with its place in the file. */
export function readDockerfile(text: string): Dockerfile {
  const lines = splitLines(text);
  const directives = new Map<string, MappedText>();
  let next = 0;
  for (; next < lines.length; next++) {
    const line = lines[next];
    const match = /^\s*#\s*([a-zA-Z]\w*)\s*=\s*/.exec(line?.text ?? "");
    const name = match?.[1]?.toLowerCase();
    if (line === undefined || match === null || name === undefined || directives.has(name)) break;
    directives.set(name, trimMapped(sliceMapped(line, match[0].length)));
  }
  const escapeCharacter = directives.get("escape")?.text === "`" ? "`" : "\\";

  const instructions: MappedText[] = [];
  while (next < lines.length) {
    const parts: MappedText[] = [];
    let open = true;
    while (open && next < lines.length) {
      const line = lines[next++];
      if (line === undefined || /^\s*(#|$)/.test(line.text)) {
        // A comment or an empty line within an instruction is as if it were not there.
        open = parts.length > 0;
        continue;
      }
      const kept = line.text.trimEnd();
      open = kept.endsWith(escapeCharacter);
      parts.push(sliceMapped(line, 0, open ? kept.length - 1 : kept.length));
    }
    if (parts.length === 0) continue;
    const instruction = trimMapped(joinMapped(parts));
    instructions.push(instruction);
    for (const terminator of hereDocuments(instruction.text))
      next = afterHereDocument(lines, next, terminator);
  }
  return { directives, escapeCharacter, instructions };
}

/** The words of an instruction, separated by white space that is not in quotes. */
export function splitWords(mapped: MappedText): readonly MappedText[] {
  const words: MappedText[] = [];
  let quote = "";
  let start = -1;
  for (let at = 0; at <= mapped.text.length; at++) {
    const character = mapped.text.charAt(at);
    const gap = at === mapped.text.length || (quote === "" && /\s/.test(character));
    if (gap && start >= 0) {
      words.push(sliceMapped(mapped, start, at));
      start = -1;
    } else if (!gap) {
      if (start < 0) start = at;
      if (character === quote) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
    }
  }
  return words;
}

function splitLines(text: string): readonly MappedText[] {
  const lines: MappedText[] = [];
  let start = text.startsWith("\ufeff") ? 1 : 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    lines.push(verbatim(text.slice(start, end), start));
    start = end + 1;
  }
  return lines;
}

function trimMapped(mapped: MappedText): MappedText {
  const start = mapped.text.length - mapped.text.trimStart().length;
  return sliceMapped(mapped, start, Math.max(start, mapped.text.trimEnd().length));
}

interface Terminator {
  readonly word: string;
  readonly tabs: boolean;
}

/** Only these take here-documents (Dockerfile reference, "Here-Documents"). */
function hereDocuments(instruction: string): readonly Terminator[] {
  if (!/^(onbuild\s+)?(run|copy|add)\s/i.test(instruction)) return [];
  return [...instruction.matchAll(/(?<!<)<<(-?)(["']?)([A-Za-z_]\w*)\2/g)].map((match) => ({
    word: match[3] ?? "",
    tabs: match[1] === "-",
  }));
}

/** A here-document without its end reaches to the file's. */
function afterHereDocument(lines: readonly MappedText[], from: number, { word, tabs }: Terminator): number {
  for (let next = from; next < lines.length; next++) {
    const text = (lines[next]?.text ?? "").replace(/\r$/, "");
    if ((tabs ? text.replace(/^\t+/, "") : text) === word) return next + 1;
  }
  return lines.length;
}
