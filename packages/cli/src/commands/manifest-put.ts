import type { Call } from "../call.ts";
import { readInput } from "../read-input.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, digest, mediaType, size, tags}`. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference, tag: tagFor } = await openReferenceSession(call);
  const bytes = await readInput(call.argument("FILE"), sdk.LIMITS.manifestBytes, call.signal);
  const { descriptor, tags } = await client.manifests.put(reference, bytes, {
    mediaType: call.text("media-type"),
    tags: call.list("tag").map((tag) => tagFor(reference, tag)),
    noClobber: call.flag("no-clobber"),
    ifMatch: call.text("if-match"),
    signal: call.signal,
  });
  const { digest, mediaType, size } = descriptor;
  call.output.result({ reference: reference.toString(), digest, mediaType, size, tags }, () => [digest]);
}
