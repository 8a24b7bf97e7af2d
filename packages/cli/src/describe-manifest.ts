import type { Call } from "./call.ts";
import { openReferenceSession } from "./session.ts";

export interface ManifestDescription {
  readonly reference: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

/** What the argument REF names, without its body; with `--platform` the manifest of that platform. */
export async function describeManifest(call: Call): Promise<ManifestDescription> {
  const { client, reference } = await openReferenceSession(call);
  const platform = call.text("platform");
  const { signal } = call;
  const descriptor =
    platform === undefined
      ? (await client.manifests.head(reference, { signal })).descriptor
      : await client.images.resolve(reference, { platform, signal });
  const { digest, mediaType, size } = descriptor;
  return { reference: reference.toString(), digest, mediaType, size };
}
