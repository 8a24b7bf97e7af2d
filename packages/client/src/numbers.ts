/** Below 2^53, and larger than anything a registry stores. */
const MAX_DIGITS = 15;

/** A number as it has to come over the wire: 1 to 15 decimal digits, nothing else. */
export function readDecimal(text: string | undefined): number | undefined {
  if (text === undefined || text.length === 0 || text.length > MAX_DIGITS) return undefined;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c < 48 || c > 57) return undefined;
  }
  return Number(text);
}
