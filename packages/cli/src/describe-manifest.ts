import type { ManifestHead } from "@reg/sdk";
import type { Call } from "./call.ts";
import { openReferenceSession } from "./session.ts";

export interface ManifestDescription {
  readonly reference: string;
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
}

/** With the tag of its version, where the registry gives one. */
export interface ManifestVersion {
  readonly description: ManifestDescription;
  readonly etag: string | undefined;
}

/** What the argument REF names, without its body; with `--platform` the manifest of that platform. */
export async function describeManifest(call: Call): Promise<ManifestVersion> {
  const { client, reference } = await openReferenceSession(call);
  const platform = call.text("platform");
  const { signal } = call;
  const head: ManifestHead =
    platform === undefined
      ? await client.manifests.head(reference, { signal })
      : { descriptor: await client.images.resolve(reference, { platform, signal }) };
  const { digest, mediaType, size } = head.descriptor;
  return { description: { reference: reference.toString(), digest, mediaType, size }, etag: head.etag };
}
