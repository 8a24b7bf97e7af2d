import type { Call } from "../call.ts";
import { readManifest } from "../read-manifest.ts";
import { tellUnmodified } from "../tell-unmodified.ts";
import { writeFileWhole } from "../write-file.ts";

/**
 * The bytes as the registry has them; with `--json` `{reference, digest, mediaType, size, etag, manifest}`. With
 * `--if-none-match` `modified` too, and nothing else but the reference where it is false.
 */
export async function run(call: Call): Promise<undefined> {
  const { reference, manifest } = await readManifest(call);
  const file = call.text("output");
  const conditional = call.text("if-none-match") !== undefined;
  if (manifest === undefined) return tellUnmodified(call, reference.toString());
  const { digest, mediaType, size } = manifest.descriptor;
  if (file !== undefined) await writeFileWhole(file, (sink) => sink.write(manifest.bytes));
  if (call.output.json) {
    call.output.value({
      reference: reference.toString(),
      digest,
      mediaType,
      size,
      etag: manifest.etag ?? null,
      ...(conditional ? { modified: true } : {}),
      manifest: manifest.document,
    });
  } else if (file === undefined) await call.output.document(manifest.bytes);
  else call.output.note(`${digest} -> ${file}`);
}
