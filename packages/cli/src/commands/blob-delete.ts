import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{repository, deleted}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, blob } = await openSession(call, [call.argument("REPO@DIGEST")]);
  const reference = blob(call.argument("REPO@DIGEST"));
  await client.blobs.delete(reference, { signal: call.signal });
  call.output.result({ repository: reference.name, deleted: reference.digest }, () => [
    `deleted ${reference}`,
  ]);
}
