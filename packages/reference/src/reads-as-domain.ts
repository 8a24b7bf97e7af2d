import { isUpper } from "./scan.ts";

/** Whether the part before the first slash names a registry, rather than a namespace of the default one. */
export function readsAsDomain(text: string, end: number): boolean {
  for (let at = 0; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === 46 || code === 58 || isUpper(code)) return true;
  }
  return end === 9 && text.startsWith("localhost");
}
