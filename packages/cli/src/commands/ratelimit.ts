import type { ResponseHeaders } from "@reg/sdk";
import type { Call } from "../call.ts";
import { formatDuration } from "../format.ts";
import { openSession } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/**
 * `{reference, limit, remaining, windowSeconds, resetSeconds, source}`; what the registry does not say is null. Docker
 * Hub sends `RateLimit-Limit: 100;w=21600`; others the fields of draft-ietf-httpapi-ratelimit-headers.
 */
export async function run(call: Call): Promise<undefined> {
  const { client, image } = await openSession(call, [call.argument("REF")]);
  const reference = image(call.argument("REF"));
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
  const limit = readAmount(field(headers, "limit"));
  const remaining = readAmount(field(headers, "remaining"));
  const reset = readAmount(field(headers, "reset"));
  const source = headers.get("docker-ratelimit-source") ?? null;
  const answer = {
    reference: reference.toString(),
    limit: limit?.amount ?? null,
    remaining: remaining?.amount ?? null,
    windowSeconds: limit?.windowSeconds ?? remaining?.windowSeconds ?? null,
    resetSeconds: reset?.amount ?? null,
    source,
  };
  call.output.result(answer, () => [
    answer.limit === null && answer.remaining === null
      ? `${reference.domain} names no limit`
      : `${answer.remaining ?? "?"} of ${answer.limit ?? "?"} left${windowOf(answer.windowSeconds)}${source === null ? "" : `, counted for ${source}`}`,
  ]);
}

function field(headers: ResponseHeaders, name: "limit" | "remaining" | "reset"): string | undefined {
  return headers.get(`ratelimit-${name}`) ?? headers.get(`x-ratelimit-${name}`);
}

/** `100;w=21600`: an amount, and the window it is for. */
function readAmount(value: string | undefined): { amount: number; windowSeconds?: number } | undefined {
  const match = /^\s*(\d{1,15})(?:\s*[;,].*?\bw=(\d{1,15}))?/.exec(value ?? "");
  if (match === null) return undefined;
  const amount = Number(match[1]);
  return match[2] === undefined ? { amount } : { amount, windowSeconds: Number(match[2]) };
}

function windowOf(seconds: number | null): string {
  return seconds === null ? "" : ` in ${formatDuration(seconds * 1000)}`;
}
