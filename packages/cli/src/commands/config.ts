import type { Call } from "../call.ts";
import { openReferenceSession } from "../session.ts";

/** The bytes as the registry has them; with `--json` `{reference, digest, mediaType, size, config}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, reference } = await openReferenceSession(call);
  const config = await client.images.config(reference, {
    platform: call.text("platform"),
    signal: call.signal,
  });
  const { digest, mediaType, size } = config.descriptor;
  if (call.output.json) {
    call.output.value({ reference: reference.toString(), digest, mediaType, size, config: config.document });
  } else await call.output.document(config.bytes);
}
