import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{reference, referrers: [{digest, mediaType, size, artifactType, annotations}]}`. */
export async function run(call: Call): Promise<undefined> {
  const { client, image } = await openSession(call, [call.argument("REF")]);
  const reference = image(call.argument("REF"));
  const options = { artifactType: call.text("artifact-type"), signal: call.signal };
  const referrers: object[] = [];
  for await (const descriptor of client.referrers.list(reference, options)) {
    const { digest, mediaType, size, artifactType, annotations } = descriptor;
    if (call.output.json) {
      referrers.push({
        digest,
        mediaType,
        size,
        artifactType: artifactType ?? null,
        annotations: annotations ?? {},
      });
    } else call.output.line(`${digest}\t${artifactType ?? mediaType}\t${size}`);
  }
  if (call.output.json) call.output.value({ reference: reference.toString(), referrers });
}
