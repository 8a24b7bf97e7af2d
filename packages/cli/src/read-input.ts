import { createReadStream } from "node:fs";
import { CommandError } from "./usage-error.ts";

/** A file, or standard input for `-`, whole; refused beyond `limitBytes`. */
export async function readInput(path: string, limitBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  const stream: AsyncIterable<Uint8Array> =
    path === "-" ? process.stdin : createReadStream(path, signal === undefined ? {} : { signal });
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limitBytes) {
      const name = path === "-" ? "standard input" : path;
      throw new CommandError("SIZE_EXCEEDED", `${name} is larger than the ${limitBytes} bytes allowed here`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
