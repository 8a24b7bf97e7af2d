import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{repository, digest, size}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, blob } = await openSession(call, [call.argument("REPO@DIGEST")]);
  const reference = blob(call.argument("REPO@DIGEST"));
  const { digest, size } = await client.blobs.head(reference, { signal: call.signal });
  call.output.result({ repository: reference.name, digest, size }, () => [`${digest}\t${size}`]);
}
