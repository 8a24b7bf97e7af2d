/**
 * Text from a stranger as it may stand in a message: quoted, cut, and with control characters and those that change
 * the direction of text escaped.
 */
export function quote(text: string, maxCharacters = 120): string {
  const cut = text.length > maxCharacters ? `${text.slice(0, maxCharacters - 3)}...` : text;
  let quoted = '"';
  for (const character of cut) {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === "\\") quoted += `\\${character}`;
    else quoted += isUnsafe(code) ? `\\u{${code.toString(16)}}` : character;
  }
  return `${quoted}"`;
}

function isUnsafe(code: number): boolean {
  return (
    code < 0x20 ||
    (code >= 0x7f && code <= 0x9f) ||
    code === 0x061c ||
    (code >= 0x200b && code <= 0x200f) ||
    (code >= 0x2028 && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069) ||
    code === 0xfeff ||
    (code >= 0xd800 && code <= 0xdfff)
  );
}
