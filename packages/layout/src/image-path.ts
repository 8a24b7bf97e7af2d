import { ContentError } from "@reg/content";

/**
 * The parts of a path inside an image: from the root, whether it begins with a slash or not. Code `POLICY_REFUSED`
 * where it has a `..`, `INVALID` where it has a NUL or is longer than any system takes.
 */
export function splitPath(path: string): readonly string[] {
  if (path.length > LONGEST_PATH_CHARACTERS || path.includes("\0")) {
    throw new ContentError(
      "INVALID",
      `The path ${JSON.stringify(path.slice(0, 100))} has a NUL or is too long.`,
    );
  }
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new ContentError(
      "POLICY_REFUSED",
      `The path ${JSON.stringify(path.slice(0, 100))} leads out of its folder.`,
    );
  }
  return parts;
}

/** PATH_MAX of Linux. */
const LONGEST_PATH_CHARACTERS = 4096;
