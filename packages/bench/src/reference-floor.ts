/**
 * What no parser that validates can do without in this language: to look at each character, and to make the parts.
 * Neither decides anything, so neither is a parser.
 */

/** Four at a time, as that is the fastest way found. */
export function lookAtEach(input: string): number {
  const { length } = input;
  let codes = 0;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    codes |=
      input.charCodeAt(at) | input.charCodeAt(at + 1) | input.charCodeAt(at + 2) | input.charCodeAt(at + 3);
  }
  for (; at < length; at++) codes |= input.charCodeAt(at);
  return codes;
}

/** The parts that `ubuntu:24.04` and its like have, cut where nobody looked for the place. */
export function cutInParts(input: string): { domain: string; path: string; tag: string; digest?: string } {
  const half = input.length >> 1;
  return { domain: "docker.io", path: `library/${input.slice(0, half)}`, tag: input.slice(half) };
}
