import type { Manifest, Reference } from "@reg/sdk";
import type { Call } from "./call.ts";
import { openReferenceSession } from "./session.ts";

/**
 * The manifest that the argument REF names; with `--platform` that of the platform. `undefined` while it is still the
 * version that `--if-none-match` names.
 */
export async function readManifest(
  call: Call,
): Promise<{ reference: Reference; manifest: Manifest | undefined }> {
  const { client, reference } = await openReferenceSession(call);
  const platform = call.text("platform");
  const version = call.text("if-none-match");
  const { signal } = call;
  const read = (name: Reference): Promise<Manifest | undefined> =>
    version === undefined
      ? client.manifests.get(name, { signal })
      : client.manifests.getIfChanged(name, version, { signal });
  if (platform === undefined) return { reference, manifest: await read(reference) };
  const { digest } = await client.images.resolve(reference, { platform, signal });
  const chosen = reference.with({ tag: undefined, digest });
  return { reference: chosen, manifest: await read(chosen) };
}
