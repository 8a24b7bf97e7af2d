import { InvalidReferenceError } from "./invalid-reference-error.ts";
import { familiarName, type Reference } from "./reference.ts";

/** What one place of a pattern takes: any run without a slash, or one character that passes. */
type Token = "*" | ((character: string) => boolean);

/**
 * Whether a shell pattern matches the familiar form, or the familiar name alone: `*` is any run without a slash,
 * `?` one character but a slash, `[a-z]` and `[^a-z]` one of a class, `\` takes the next character as it is. As
 * Go's `path.Match` has it, and distribution uses it.
 *
 * @throws InvalidReferenceError `PATTERN_INVALID`; its `input` is the pattern.
 * @example
 * ```ts
 * matchReference("*:1.*", parseReference("nginx:1.27")); // true
 * ```
 */
export function matchReference(pattern: string, reference: Reference): boolean {
  const tokens = parsePattern(pattern);
  return matches(tokens, reference.familiar()) || matches(tokens, familiarName(reference));
}

function parsePattern(pattern: string): readonly Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  let at = 0;
  /** One character of the pattern, itself or escaped; `barred` are those that must be escaped here. */
  const next = (barred: string): string => {
    let character = characters[at++];
    if (character === "\\") character = characters[at++];
    else if (character !== undefined && barred.includes(character)) character = undefined;
    if (character === undefined) {
      const offset = characters.slice(0, at - 1).join("").length;
      const hint = "close each class, put something in it, and something after each backslash";
      throw new InvalidReferenceError(pattern, "PATTERN_INVALID", offset, pattern.length - offset, hint);
    }
    return character;
  };
  while (at < characters.length) {
    const character = characters[at];
    if (character === "*") {
      at++;
      tokens.push("*");
    } else if (character === "?") {
      at++;
      tokens.push((other) => other !== "/");
    } else if (character === "[") {
      at++;
      const negated = characters[at] === "^";
      if (negated) at++;
      const ranges: [string, string][] = [];
      do {
        const low = next("-]");
        if (characters[at] !== "-") {
          ranges.push([low, low]);
        } else {
          at++;
          ranges.push([low, next("-]")]);
        }
      } while (characters[at] !== "]");
      at++;
      tokens.push((other) => ranges.some(([low, high]) => low <= other && other <= high) !== negated);
    } else {
      const literal = next("");
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** Each run of single places takes the first place it fits, and nothing is tried again: as Go does it. */
function matches(tokens: readonly Token[], text: string): boolean {
  let at = 0;
  let from = 0;
  while (from < tokens.length) {
    const first = from;
    while (tokens[from] === "*") from++;
    const slash = text.indexOf("/", at);
    const starred = from > first;
    if (from === tokens.length) return slash < 0;
    const limit = !starred ? at : slash < 0 ? text.length : slash;
    let to = from;
    while (to < tokens.length && tokens[to] !== "*") to++;
    const run = tokens.slice(from, to);
    const fits = (start: number): boolean =>
      (to < tokens.length || start + run.length === text.length) &&
      start + run.length <= text.length &&
      run.every((token, index) => token !== "*" && token(text.charAt(start + index)));
    while (at <= limit && !fits(at)) at++;
    if (at > limit) return false;
    at += run.length;
    from = to;
  }
  return at === text.length;
}
