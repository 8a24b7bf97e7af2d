import type { Call } from "../call.ts";
import { openImageFiles } from "../open-image-argument.ts";

/** A terminal gets no more of a file than a person reads. */
const TERMINAL_LIMIT_BYTES = 16 * 1024 * 1024;

export async function run(call: Call): Promise<undefined> {
  const { files } = await openImageFiles(call);
  const stream = await files.read(call.argument("PATH"));
  if (call.output.stdout.isTTY === true) {
    await call.output.document(await stream.bytes(TERMINAL_LIMIT_BYTES));
    return;
  }
  for await (const chunk of stream) await call.output.bytes(chunk);
}
