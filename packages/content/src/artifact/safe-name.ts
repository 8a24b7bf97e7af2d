import { ContentError } from "../errors.ts";
import { quote } from "../quote.ts";

/**
 * Refuses a file name that a stranger chose and that could lead out of the folder it is meant for: code
 * `POLICY_REFUSED`. Absolute paths, `..`, drives, backslashes and control characters, on every system alike, for an
 * artifact is pulled on all of them. Links inside the folder are for whoever writes there to refuse.
 */
export function assertSafeName(name: string): void {
  const reason = reasonAgainst(name);
  if (reason !== undefined) {
    throw new ContentError("POLICY_REFUSED", `The file name ${quote(name)} is refused: ${reason}.`);
  }
}

/** No file system takes a longer path. */
const MAX_NAME_CHARACTERS = 4096;

function reasonAgainst(name: string): string | undefined {
  if (name === "") return "it is empty";
  if (name.length > MAX_NAME_CHARACTERS) return "it is too long";
  if (name.startsWith("/")) return "it is absolute";
  if (name.includes("\\")) return "it has a backslash";
  if (/^[A-Za-z]:/.test(name)) return "it names a drive";
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return "it has control characters";
  }
  for (const part of name.split("/")) {
    if (part === "..") return "it leads out of the folder";
    if (part === "." || part === "") return "it has empty parts";
  }
  return undefined;
}
