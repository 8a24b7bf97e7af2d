/**
 * The target of the first `rel="next"` link (RFC 8288, section 3), whatever parameters stand around it. Angle brackets
 * may be missing, as they are in some registries' answers.
 *
 * @param fields - Every value of the `Link` field.
 */
export function nextLink(fields: readonly string[]): string | undefined {
  for (const field of fields) {
    const target = nextIn(field);
    if (target !== undefined) return target;
  }
  return undefined;
}

function nextIn(field: string): string | undefined {
  let at = 0;
  while (at < field.length) {
    at = skip(field, at, " \t,");
    if (at >= field.length) return undefined;
    let target: string;
    if (field[at] === "<") {
      const end = field.indexOf(">", at);
      if (end < 0) return undefined;
      target = field.slice(at + 1, end);
      at = end + 1;
    } else {
      const end = until(field, at, ";,");
      target = field.slice(at, end).trim();
      at = end;
    }
    let rel: string | undefined;
    at = skip(field, at, " \t");
    while (field[at] === ";") {
      const parameter = readParameter(field, at + 1);
      at = parameter.end;
      // Only the first one counts (RFC 8288, section 3.3).
      if (parameter.name === "rel") rel ??= parameter.value;
    }
    if (rel?.toLowerCase().split(" ").includes("next")) return target.trim();
    // Whatever stands between a link and the next comma belongs to nothing.
    at = until(field, at, ",");
  }
  return undefined;
}

interface Parameter {
  readonly name: string;
  readonly value: string;
  /** Where the parameter, and the blanks behind it, end. */
  readonly end: number;
}

function readParameter(field: string, from: number): Parameter {
  let at = until(field, from, "=;,");
  const name = field.slice(from, at).trim().toLowerCase();
  if (field[at] !== "=") return { name, value: "", end: at };
  at = skip(field, at + 1, " \t");
  if (field[at] !== '"') {
    const end = until(field, at, ";,");
    return { name, value: field.slice(at, end).trim(), end };
  }
  let value = "";
  at += 1;
  while (at < field.length && field[at] !== '"') {
    if (field[at] === "\\") at += 1;
    value += field[at] ?? "";
    at += 1;
  }
  return { name, value, end: skip(field, at + 1, " \t") };
}

function skip(text: string, from: number, characters: string): number {
  let at = from;
  while (at < text.length && characters.includes(text.charAt(at))) at += 1;
  return at;
}

function until(text: string, from: number, characters: string): number {
  let at = from;
  while (at < text.length && !characters.includes(text.charAt(at))) at += 1;
  return at;
}
