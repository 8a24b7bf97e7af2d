/** The specification lets a client stop here, over all the warnings of an answer. Characters, all of them ASCII. */
const MAX_WARNING_CHARACTERS = 4096;

/**
 * What a registry wants said to its users: `Warning: 299 - "text"` (distribution-spec, "Warnings"). Any other code,
 * agent or form is left out, and so is a text with control characters in it.
 *
 * @param fields - Every value of the `Warning` field.
 */
export function parseWarnings(fields: readonly string[]): string[] {
  const texts: string[] = [];
  let total = 0;
  for (const field of fields) {
    for (const text of textsIn(field)) {
      total += text.length;
      if (total > MAX_WARNING_CHARACTERS) return texts;
      if (!texts.includes(text)) texts.push(text);
    }
  }
  return texts;
}

const PREFIX = '299 - "';

/** Values of one field, or of several that were joined by commas. */
function textsIn(field: string): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at < field.length) {
    while (field[at] === " " || field[at] === "\t" || field[at] === ",") at += 1;
    if (!field.startsWith(PREFIX, at)) return texts;
    at += PREFIX.length;
    let text = "";
    while (at < field.length && field[at] !== '"') {
      if (field[at] === "\\") at += 1;
      text += field[at] ?? "";
      at += 1;
    }
    if (field[at] !== '"') return texts;
    at += 1;
    while (field[at] === " " || field[at] === "\t") at += 1;
    // A date behind the text is not allowed here, nor is anything else.
    if (at < field.length && field[at] !== ",") return texts;
    if (text !== "" && !hasControls(text)) texts.push(text);
  }
  return texts;
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return true;
  }
  return false;
}
