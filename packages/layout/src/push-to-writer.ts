import type { ContentBody, ContentWriter, PushOptions } from "@reg/content";

/** Sends content to a writer from where it goes on, and commits it; a failure is followed by `abort`. */
export async function pushToWriter(
  writer: ContentWriter,
  body: ContentBody,
  options: PushOptions,
): Promise<void> {
  const { offset } = writer;
  const { signal, onBytes } = options;
  let taken = offset;
  try {
    const chunks = body instanceof Uint8Array ? [body.subarray(offset)] : body.open(offset, signal);
    for await (const chunk of chunks) {
      signal?.throwIfAborted();
      const written = writer.write(chunk);
      if (written !== undefined) await written;
      taken += chunk.byteLength;
      onBytes?.(taken);
    }
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.commit();
}
