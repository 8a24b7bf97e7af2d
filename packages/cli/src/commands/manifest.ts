import type { Call } from "../call.ts";
import { readManifest } from "../read-manifest.ts";

/** The bytes as the registry has them; with `--json` `{reference, digest, mediaType, size, manifest}`. */
export async function run(call: Call): Promise<undefined> {
  const { reference, manifest } = await readManifest(call);
  const { digest, mediaType, size } = manifest.descriptor;
  if (call.output.json) {
    call.output.value({
      reference: reference.toString(),
      digest,
      mediaType,
      size,
      manifest: manifest.document,
    });
  } else await call.output.document(manifest.bytes);
}
