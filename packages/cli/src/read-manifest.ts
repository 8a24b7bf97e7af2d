import type { Manifest, Reference } from "@reg/sdk";
import type { Call } from "./call.ts";
import { openReferenceSession } from "./session.ts";

/** The manifest that the argument REF names; with `--platform` that of the platform. */
export async function readManifest(call: Call): Promise<{ reference: Reference; manifest: Manifest }> {
  const { client, reference } = await openReferenceSession(call);
  const platform = call.text("platform");
  const { signal } = call;
  if (platform === undefined)
    return { reference, manifest: await client.manifests.get(reference, { signal }) };
  const { digest } = await client.images.resolve(reference, { platform, signal });
  const chosen = reference.with({ tag: undefined, digest });
  return { reference: chosen, manifest: await client.manifests.get(chosen, { signal }) };
}
