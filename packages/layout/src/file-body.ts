import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import { type ContentBody, ContentError, createHasher, type Descriptor } from "@reg/content";
import { onDisk } from "./disk.ts";
import { fileChunks } from "./file-chunks.ts";

/**
 * A file as content to push. It can be opened again from any byte. A file that changes after this call, or while it is
 * read, throws before the last chunk (`SIZE_MISMATCH`, `DIGEST_MISMATCH`), so that an upload is never finished with a
 * mixture of two versions. Codes `NOT_FOUND`, `STORAGE`, and `POLICY_REFUSED` where it is no regular file.
 *
 * @example
 * ```ts
 * import { fileBody } from "@reg/layout";
 * const body = await fileBody("package.json");
 * ```
 */
export async function fileBody(path: string): Promise<Exclude<ContentBody, Uint8Array>> {
  const file = await onDisk(path, () => open(path, "r"));
  let first: BigIntStats;
  try {
    first = await onDisk(path, () => file.stat({ bigint: true }));
  } finally {
    await file.close();
  }
  if (!first.isFile()) throw new ContentError("POLICY_REFUSED", `${path} is not a regular file.`);
  const size = Number(first.size);
  return {
    size,
    open: (offset, signal) => unchangedChunks(path, first, { start: offset, end: size }, signal),
  };
}

/**
 * What a file is as content: its digest and size. Codes as {@link fileBody}.
 *
 * @example
 * ```ts
 * import { describeFile } from "@reg/layout";
 * const descriptor = await describeFile("package.json", { mediaType: "application/json" });
 * ```
 */
export async function describeFile(
  path: string,
  options: {
    readonly mediaType?: string | undefined;
    readonly algorithm?: "sha256" | "sha512" | undefined;
    readonly signal?: AbortSignal | undefined;
  } = {},
): Promise<Descriptor> {
  const body = await fileBody(path);
  const hasher = createHasher(options.algorithm ?? "sha256");
  for await (const chunk of body.open(0, options.signal)) hasher.update(chunk);
  return {
    mediaType: options.mediaType ?? "application/octet-stream",
    digest: hasher.digest(),
    size: body.size,
  };
}

async function* unchangedChunks(
  path: string,
  first: BigIntStats,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await onDisk(path, () => open(path, "r"));
  const check = async (): Promise<void> => assertUnchanged(path, first, await file.stat({ bigint: true }));
  try {
    await onDisk(path, check);
    yield* fileChunks(file, path, range, { signal, beforeLast: check });
  } finally {
    await file.close();
  }
}

function assertUnchanged(path: string, first: BigIntStats, now: BigIntStats): void {
  if (now.size !== first.size) {
    throw new ContentError(
      "SIZE_MISMATCH",
      `${path} changed while it was read: ${first.size} bytes became ${now.size}.`,
    );
  }
  if (now.mtimeNs !== first.mtimeNs || now.ino !== first.ino || now.dev !== first.dev) {
    throw new ContentError("DIGEST_MISMATCH", `${path} changed while it was read.`);
  }
}
