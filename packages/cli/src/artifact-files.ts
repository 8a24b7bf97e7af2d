import { basename } from "node:path";
import type { ArtifactFile } from "@reg/sdk";
import { UsageError } from "./usage-error.ts";

/**
 * The files of an artifact, from words such as `app.tgz` and `app.tgz:application/gzip`. Each is known by its file
 * name.
 */
export async function artifactFiles(
  sdk: typeof import("@reg/sdk"),
  words: readonly string[],
): Promise<readonly ArtifactFile[]> {
  const files: ArtifactFile[] = [];
  for (const word of words) {
    const { path, mediaType } = splitMediaType(word);
    const descriptor = await sdk.describeFile(path, { mediaType });
    const body = await sdk.fileBody(path);
    files.push({ name: basename(path), body, digest: descriptor.digest, mediaType });
  }
  return files;
}

/** `KEY=VALUE` words as an object. */
export function readPairs(option: string, words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf("=");
      if (equals <= 0) throw new UsageError(`--${option} is KEY=VALUE, not "${word}"`);
      return [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}

/** A media type has a slash and stands after the last colon; a path may have colons of its own. */
function splitMediaType(word: string): { path: string; mediaType: string } {
  const match = /^(.+):([a-z]+\/[^/:]+)$/i.exec(word);
  const [, path, mediaType] = match ?? [];
  if (path === undefined || mediaType === undefined)
    return { path: word, mediaType: "application/octet-stream" };
  return { path, mediaType };
}
