import type { Call } from "../call.ts";
import { describeManifest } from "../describe-manifest.ts";

/** `{reference, digest, mediaType, size}`. */
export async function run(call: Call): Promise<undefined> {
  const { description } = await describeManifest(call);
  call.output.result(description, () => [description.digest]);
}
