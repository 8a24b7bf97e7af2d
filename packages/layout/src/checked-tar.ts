import { ContentError } from "@reg/content";
import { extract } from "tar-stream";
import { TarEnd } from "./tar-end.ts";

/** Passes a tar on as it is, and throws `INVALID` where it is none, damaged or cut short. */
export async function* checkedTar(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const parser = extract();
  let failure: unknown;
  let wake = (): void => {};
  let entries = 0;
  const end = new TarEnd();
  parser.on("entry", (header, stream, next) => {
    end.enter(header);
    entries += 1;
    stream.on("error", () => {});
    stream.resume();
    next();
  });
  parser.on("drain", () => wake());
  const closed = new Promise<void>((resolve) => {
    parser.on("close", () => {
      wake();
      resolve();
    });
  });
  parser.on("error", (error: unknown) => {
    failure = error;
    wake();
  });
  const check = (): void => {
    if (failure === undefined) return;
    throw new ContentError("INVALID", "This is not a tar archive, or a damaged one.", { cause: failure });
  };
  let bytes = 0;
  try {
    for await (const chunk of chunks) {
      bytes += chunk.byteLength;
      end.add(chunk);
      // Copied: the parser keeps what it has not taken in, and the source may use the chunk again.
      const more = parser.write(Buffer.from(chunk));
      if (!more && failure === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      check();
      yield chunk;
    }
    const padding = end.padding();
    if (padding !== undefined) parser.write(padding);
    parser.end(undefined);
    await closed;
    check();
    end.assertWhole();
    if (entries === 0 && bytes < SMALLEST_TAR_BYTES)
      throw new ContentError("INVALID", "This is not a tar archive: it is empty.");
  } finally {
    parser.destroy();
  }
}

/** The two blocks of zeros at its end are there even in an archive of nothing. */
const SMALLEST_TAR_BYTES = 1024;
