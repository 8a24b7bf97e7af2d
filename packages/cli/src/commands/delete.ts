import type { Call } from "../call.ts";
import { openReferenceSession } from "../session.ts";

/** `{repository, deleted}`: the digest. A tag is resolved first, so every tag of that digest goes with it. */
export async function run(call: Call): Promise<undefined> {
  const { client, reference } = await openReferenceSession(call);
  const { signal } = call;
  const digest = reference.digest ?? (await client.manifests.digest(reference, { signal }));
  await client.manifests.delete(reference.with({ tag: undefined, digest }), { signal });
  call.output.result({ repository: reference.name, deleted: digest }, () => [
    `deleted ${reference.name}@${digest}`,
  ]);
}
