import { readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { referrerDocument } from "../referrer-document.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, referrers: [{digest, mediaType, size, artifactType, annotations}]}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, reference } = await openReferenceSession(call);
  const options = {
    artifactType: call.text("artifact-type"),
    annotations: readPairs("annotation", call.list("annotation")),
    signal: call.signal,
  };
  const referrers: object[] = [];
  for await (const descriptor of client.referrers.list(reference, options)) {
    const { digest, mediaType, size, artifactType } = descriptor;
    if (call.output.json) referrers.push(referrerDocument(descriptor));
    else call.output.line(`${digest}\t${artifactType ?? mediaType}\t${size}`);
  }
  if (call.output.json) call.output.value({ reference: reference.toString(), referrers });
}
