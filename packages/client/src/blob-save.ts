import { type ContentWriter, type Descriptor, isContentError } from "@reg/content";
import type { Access } from "./access.ts";
import { BlobDownload } from "./blob-download.ts";
import type { DownloadOptions } from "./download-options.ts";

/** Streams what a writer does not have yet, and lets it check and commit the whole. */
export async function saveBlob(
  access: Access,
  descriptor: Descriptor,
  open: (descriptor: Descriptor) => ContentWriter | Promise<ContentWriter>,
  { signal, ranges, onBytes, onRetry }: Pick<DownloadOptions, "signal" | "ranges" | "onBytes" | "onRetry">,
): Promise<void> {
  const { digest, size } = descriptor;
  for (let isSecond = false; ; isSecond = true) {
    const writer = await open(descriptor);
    const { offset } = writer;
    try {
      const counted = onBytes === undefined ? undefined : (done: number) => onBytes(offset + done);
      const options = { size, offset, signal, ranges, onBytes: counted, onRetry };
      // The writer hashes what passes: once is enough.
      await new BlobDownload(access, digest, { ...options, verify: false }).into(writer);
      await writer.commit();
      return;
    } catch (error) {
      await writer.abort();
      // What had been left by an earlier writer may have been wrong: this time it is all fetched.
      const mismatch = isContentError(error) && error.code === "DIGEST_MISMATCH";
      if (isSecond || offset === 0 || !mismatch) throw error;
      onRetry?.(error.message);
    }
  }
}
