import type { Call } from "../call.ts";
import { openReferenceSession } from "../session.ts";

/** `{repository, digest, mediaType, size, tags}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, tag, reference } = await openReferenceSession(call);
  const tags = call.arguments("TAG").map((text) => tag(reference, text));
  const result = await client.manifests.retag(reference, tags, { signal: call.signal });
  const { digest, mediaType, size } = result.descriptor;
  call.output.result({ repository: reference.name, digest, mediaType, size, tags: result.tags }, () =>
    result.tags.map((each) => `${reference.name}:${each}\t${digest}`),
  );
}
