import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openSession } from "../session.ts";

/** `{reference, created}`; `null` where the image does not say. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { client, image } = await openSession(call, [call.argument("REF")]);
  const reference = image(call.argument("REF"));
  const { created } = await client.images.config(reference, {
    platform: call.text("platform"),
    signal: call.signal,
  });
  call.output.result({ reference: reference.toString(), created: created ?? null }, () => [
    created ?? "unknown",
  ]);
  return undefined;
}
