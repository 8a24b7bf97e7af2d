/** Characters (distribution-spec, "Pulling manifests", <reference>). */
const MAX_TAG_CHARACTERS = 128;

/** Whether the text is a tag: a word character, then up to 127 of them, dots and dashes. */
export function isTag(text: string): boolean {
  if (text.length === 0 || text.length > MAX_TAG_CHARACTERS) return false;
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    const word = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95;
    if (!word && (i === 0 || (c !== 45 && c !== 46))) return false;
  }
  return true;
}
