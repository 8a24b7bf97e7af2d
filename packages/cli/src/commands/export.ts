import type { Call } from "../call.ts";
import { openImageFiles } from "../open-image-argument.ts";
import { UsageError } from "../usage-error.ts";
import { writeFileWhole } from "../write-file.ts";

/** The tar; with `-o FILE --json` `{reference, file, size}`. */
export async function run(call: Call): Promise<undefined> {
  const file = call.text("output");
  const { output } = call;
  if (file === undefined && output.stdout.isTTY === true) {
    throw new UsageError(
      "a tar is nothing for a terminal",
      "write it to a file with -o FILE, or pipe it to tar",
    );
  }
  const { files, label } = await openImageFiles(call);
  if (file === undefined) {
    for await (const chunk of files.export()) await output.bytes(chunk);
    return;
  }
  let size = 0;
  await writeFileWhole(file, async (sink) => {
    for await (const chunk of files.export()) {
      call.signal.throwIfAborted();
      sink.write(chunk);
      size += chunk.length;
    }
  });
  output.result({ reference: label, file, size }, () => [file]);
}
