import { AuthError } from "./errors.ts";

/**
 * Reads a body that should be small.
 *
 * @throws AuthError `SIZE_EXCEEDED` as soon as it passes the limit; `what` says whose it was
 */
export async function readLimited(
  body: AsyncIterable<Uint8Array>,
  limitBytes: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limitBytes)
      throw new AuthError("SIZE_EXCEEDED", `${what} answered with more than ${limitBytes} bytes`);
    // A copy: an engine may read the next bytes into the same buffer.
    chunks.push(new Uint8Array(chunk));
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
