import type { Call } from "../call.ts";
import { formatDuration } from "../format.ts";
import { openReferenceSession } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{reference, limit, remaining, windowSeconds, resetSeconds, source}`; what the registry does not say is null. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, client, reference } = await openReferenceSession(call);
  const path = `/v2/${reference.path}/manifests/${reference.digest ?? reference.tag}`;
  // A HEAD is not counted as a pull.
  const response = await client.request(reference.domain, "HEAD", path, {
    headers: {
      accept: "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, */*",
    },
    signal: call.signal,
  });
  await response.body.discard();
  const { headers, status } = response;
  if (status === 401 || status === 403) {
    throw new CommandError("UNAUTHENTICATED", `${reference.domain} answers ${status} for ${reference}`, {
      status,
    });
  }
  const found = sdk.parseRateLimit(headers);
  const source = found?.source ?? null;
  const answer = {
    reference: reference.toString(),
    limit: found?.limit ?? null,
    remaining: found?.remaining ?? null,
    windowSeconds: found?.windowSeconds ?? null,
    resetSeconds: found?.resetSeconds ?? null,
    source,
  };
  call.output.result(answer, () => [
    answer.limit === null && answer.remaining === null
      ? `${reference.domain} names no limit`
      : `${answer.remaining ?? "?"} of ${answer.limit ?? "?"} left${windowOf(answer.windowSeconds)}${source === null ? "" : `, counted for ${source}`}`,
  ]);
}

function windowOf(seconds: number | null): string {
  return seconds === null ? "" : ` in ${formatDuration(seconds * 1000)}`;
}
