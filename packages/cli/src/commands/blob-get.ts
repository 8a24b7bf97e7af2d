import type { Call } from "../call.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openSession } from "../session.ts";
import { UsageError } from "../usage-error.ts";

/** The bytes, or those of a range, which cannot be verified; with `-o FILE --json` `{repository, digest, size, file}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, blob } = await openSession(call, [call.argument("REPO@DIGEST")]);
  const reference = blob(call.argument("REPO@DIGEST"));
  const file = call.text("output");
  const { signal, output } = call;
  const range = { offset: call.number("offset"), length: call.number("length") };
  const isPart = range.offset !== undefined || range.length !== undefined;
  if (file !== undefined && isPart) {
    throw new UsageError("a part of a blob is not kept under --output, where only what is verified is");
  }
  if (file === undefined) {
    // What is piped on cannot be taken back: a mismatch at the end fails the command.
    await client.blobs.getInto(reference, { write: (chunk) => output.bytes(chunk) }, { ...range, signal });
    return;
  }
  const { size } = await client.blobs.save(reference, (descriptor) => sdk.fileWriter(file, descriptor), {
    signal,
    onProgress: startProgress(call),
  });
  output.result({ repository: reference.name, digest: reference.digest, size, file }, () => [file]);
}
