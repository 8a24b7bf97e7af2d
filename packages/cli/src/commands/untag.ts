import type { Call } from "../call.ts";
import { openReferenceSession } from "../session.ts";
import { UsageError } from "../usage-error.ts";

/** `{repository, untagged}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, reference } = await openReferenceSession(call);
  if (reference.digest !== undefined) {
    throw new UsageError(
      `${reference} names a digest, not a tag`,
      "`reg delete` deletes a manifest by its digest",
    );
  }
  await client.tags.delete(reference, { emulate: call.flag("emulate"), signal: call.signal });
  call.output.result({ repository: reference.name, untagged: reference.tag }, () => [
    `untagged ${reference}`,
  ]);
}
