import type { Call } from "../call.ts";
import { describeManifest } from "../describe-manifest.ts";
import { tellUnmodified } from "../tell-unmodified.ts";

/** As `reg digest`, with everything on the line; with `--json` `etag` too, and with `--if-none-match` `modified`. */
export async function run(call: Call): Promise<undefined> {
  const { description, etag } = await describeManifest(call);
  const { reference, digest, mediaType, size } = description;
  const version = call.text("if-none-match");
  // A HEAD has no body to be saved: it is compared here, whatever the registry makes of conditions.
  if (version !== undefined && [digest, `"${digest}"`, etag].includes(version)) {
    return tellUnmodified(call, reference);
  }
  const modified = version === undefined ? {} : { modified: true };
  call.output.result({ ...description, etag: etag ?? null, ...modified }, () => [
    `${digest}\t${mediaType}\t${size}`,
  ]);
}
