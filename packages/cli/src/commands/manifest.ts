import type { Call } from "../call.ts";
import { readManifest } from "../read-manifest.ts";
import { writeFileWhole } from "../write-file.ts";

/** The bytes as the registry has them; with `--json` `{reference, digest, mediaType, size, manifest}`. */
export async function run(call: Call): Promise<undefined> {
  const { reference, manifest } = await readManifest(call);
  const file = call.text("output");
  const { digest, mediaType, size } = manifest.descriptor;
  if (file !== undefined) await writeFileWhole(file, (sink) => sink.write(manifest.bytes));
  if (call.output.json) {
    call.output.value({
      reference: reference.toString(),
      digest,
      mediaType,
      size,
      manifest: manifest.document,
    });
  } else if (file === undefined) await call.output.document(manifest.bytes);
  else call.output.note(`${digest} -> ${file}`);
}
