import type { Call } from "../call.ts";
import { describeManifest } from "../describe-manifest.ts";

/** As `reg digest`, with everything on the line. */
export async function run(call: Call): Promise<undefined> {
  const description = await describeManifest(call);
  const { digest, mediaType, size } = description;
  call.output.result(description, () => [`${digest}\t${mediaType}\t${size}`]);
}
