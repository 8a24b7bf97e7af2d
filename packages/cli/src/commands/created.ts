import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openReferenceSession } from "../session.ts";

/** `{reference, created}`; `null` where the image does not say. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { client, reference } = await openReferenceSession(call);
  const { created } = await client.images.config(reference, {
    platform: call.text("platform"),
    signal: call.signal,
  });
  call.output.result({ reference: reference.toString(), created: created ?? null }, () => [
    created ?? "unknown",
  ]);
  return undefined;
}
