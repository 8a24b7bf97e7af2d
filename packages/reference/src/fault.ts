import type { InvalidReferenceCode } from "./invalid-reference-error.ts";

/** What is wrong with an input, and where: UTF-16 code units from the input's start. */
export interface Fault {
  readonly code: InvalidReferenceCode;
  readonly offset: number;
  readonly length: number;
  /** What to write instead. */
  readonly hint: string;
}

export function fault(code: InvalidReferenceCode, offset: number, length: number, hint: string): Fault {
  return { code, offset, length, hint };
}
