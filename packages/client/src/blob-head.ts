import type { Digest } from "@reg/reference";
import type { Access } from "./access.ts";
import { isRegistryError, RegistryError } from "./errors.ts";
import { readDigest } from "./manifest-read.ts";
import { readDecimal } from "./numbers.ts";
import { blobUrl } from "./urls.ts";

/**
 * The size of a blob by `HEAD` (distribution-spec, end-2); `undefined` where the registry does not tell.
 *
 * @throws RegistryError `NOT_FOUND`, `DIGEST_MISMATCH` where the registry answers for another blob.
 */
export async function blobSize(
  { wire, target, scopes }: Access,
  digest: Digest,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const what = `blob ${target.name}@${digest}`;
  const url = blobUrl(target, digest);
  const response = await wire.done({ what, target, method: "HEAD", url, scopes, signal }, 200);
  const named = readDigest(response.headers.get("docker-content-digest"));
  if (named !== undefined && named !== digest && named.startsWith(digest.slice(0, digest.indexOf(":") + 1))) {
    throw new RegistryError("DIGEST_MISMATCH", `HEAD ${what}: the registry answers for ${named}.`);
  }
  return readDecimal(response.headers.get("content-length"));
}

/** Whether a blob is there. */
export async function hasBlob(access: Access, digest: Digest, signal?: AbortSignal): Promise<boolean> {
  try {
    await blobSize(access, digest, signal);
    return true;
  } catch (error) {
    if (isRegistryError(error) && error.code === "NOT_FOUND") return false;
    throw error;
  }
}
