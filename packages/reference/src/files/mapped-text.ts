/** Text that was put together from a file, and where each of its UTF-16 code units stands there. */
export interface MappedText {
  readonly text: string;
  readonly offsets: readonly number[];
}

/** A span of a file; `exact` where the text that was mapped is what stands there. */
export interface MappedSpan {
  readonly offset: number;
  readonly length: number;
  readonly exact: boolean;
}

/** A piece of a file as it stands there. */
export function verbatim(text: string, offset: number): MappedText {
  return { text, offsets: Array.from({ length: text.length }, (_, index) => offset + index) };
}

export function sliceMapped({ text, offsets }: MappedText, start: number, end?: number): MappedText {
  return { text: text.slice(start, end), offsets: offsets.slice(start, end) };
}

export function joinMapped(parts: readonly MappedText[]): MappedText {
  return { text: parts.map((part) => part.text).join(""), offsets: parts.flatMap((part) => part.offsets) };
}

/** The offset of text that stands nowhere in the file. */
export const NOWHERE = -1;

/** Where a span of the text stands in the file; where it does not stand in one piece, `whole` is said instead. */
export function locate(
  { offsets }: MappedText,
  offset: number,
  length: number,
  whole: MappedSpan,
): MappedSpan {
  const inexact = { ...whole, exact: false };
  if (length === 0) {
    // Something is missing after the character before, or at the very front.
    const before = offsets[offset - 1];
    const at = before === undefined ? offsets[offset] : before === NOWHERE ? NOWHERE : before + 1;
    return at === undefined || at === NOWHERE ? inexact : { offset: at, length, exact: true };
  }
  const first = offsets[offset] ?? NOWHERE;
  if (first === NOWHERE) return inexact;
  for (let index = 0; index < length; index++) if (offsets[offset + index] !== first + index) return inexact;
  return { offset: first, length, exact: true };
}
