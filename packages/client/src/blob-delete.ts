import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { blobUrl } from "./urls.ts";

/** Deletes a blob (distribution-spec, end-10). `UNSUPPORTED` where the registry only ever collects its garbage. */
export async function deleteBlob(
  { wire, target, scopes }: Access,
  digest: Digest,
  signal?: AbortSignal,
): Promise<void> {
  const what = `blob ${target.name}@${digest}`;
  const url = blobUrl(target, digest);
  await wire.done({ what, target, method: "DELETE", url, scopes, signal }, 202, 200, 204);
}
