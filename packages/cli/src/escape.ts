/**
 * Text from a registry, made safe for a terminal: control characters, direction marks and line separators become
 * visible escapes, so that nothing a server says can move the cursor, colour the screen or turn words round
 * (CWE-150). Tabs stay; newlines only where `lines` is true.
 */
export function escapeControl(text: string, options: { readonly lines?: boolean } = {}): string {
  let result = "";
  let clean = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (!isUnsafe(unit, text, index) || (unit === NEWLINE && options.lines === true)) continue;
    result += text.slice(clean, index) + escapeUnit(unit);
    clean = index + 1;
  }
  return clean === 0 ? text : result + text.slice(clean);
}

/** JSON of a value with the same characters escaped the way JSON does, so that it parses back to the same value. */
export function safeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, undefined, indent);
  let result = "";
  let clean = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === NEWLINE || !isUnsafe(unit, text, index)) continue;
    result += `${text.slice(clean, index)}\\u${unit.toString(16).padStart(4, "0")}`;
    clean = index + 1;
  }
  return result + text.slice(clean);
}

const NEWLINE = 0x0a;
const TAB = 0x09;

function isUnsafe(unit: number, text: string, index: number): boolean {
  if (unit < 0x20) return unit !== TAB;
  if (unit < 0x7f) return false;
  if (unit <= 0x9f) return true;
  if (unit === 0x061c || unit === 0x200e || unit === 0x200f || unit === 0xfeff) return true;
  if (unit >= 0x2028 && unit <= 0x202e) return true;
  if (unit >= 0x2066 && unit <= 0x2069) return true;
  return isLoneSurrogate(unit, text, index);
}

function isLoneSurrogate(unit: number, text: string, index: number): boolean {
  if (unit >= 0xd800 && unit <= 0xdbff) return !isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff);
  if (unit >= 0xdc00 && unit <= 0xdfff) return !isBetween(text.charCodeAt(index - 1), 0xd800, 0xdbff);
  return false;
}

function isBetween(unit: number, low: number, high: number): boolean {
  return unit >= low && unit <= high;
}

function escapeUnit(unit: number): string {
  const digits = unit.toString(16);
  return unit <= 0xff ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}
