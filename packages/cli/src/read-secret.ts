import { UsageError } from "./usage-error.ts";

/** No password or token is longer; more is a file given by mistake. */
const SECRET_LIMIT_BYTES = 64 * 1024;

/** A password from standard input, without the newline at its end. */
export async function readSecret(signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stdin: AsyncIterable<Uint8Array> = process.stdin;
  for await (const chunk of stdin) {
    signal.throwIfAborted();
    chunks.push(chunk);
    size += chunk.length;
    if (size > SECRET_LIMIT_BYTES) throw new UsageError("standard input is too long to be a password");
  }
  const secret = Buffer.concat(chunks)
    .toString("utf8")
    .replace(/\r?\n$/, "");
  if (secret === "") throw new UsageError("standard input holds no password");
  return secret;
}
