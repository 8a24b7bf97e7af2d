import type { ImageFiles } from "@reg/sdk";
import type { Call } from "./call.ts";
import { remoteReferences } from "./location.ts";
import { type OpenSource, openSource } from "./open-location.ts";
import { openSession, type Session } from "./session.ts";

/** The image that the argument REF names, wherever it is. */
export async function openImageArgument(
  call: Call,
  others: readonly string[] = [],
): Promise<{ readonly session: Session; readonly source: OpenSource }> {
  const text = call.argument("REF");
  const session = await openSession(call, remoteReferences([text, ...others]));
  return { session, source: await openSource(call, session, text) };
}

/** Its file system, for one platform. */
export async function openImageFiles(
  call: Call,
): Promise<{ readonly files: ImageFiles; readonly label: string }> {
  const { session, source } = await openImageArgument(call);
  const platform = call.text("platform");
  const files = await session.sdk.openImage(source.store, source.ref, {
    signal: call.signal,
    ...(platform === undefined ? {} : { platform: session.sdk.parsePlatform(platform) }),
  });
  call.defer(() => files[Symbol.asyncDispose]());
  return { files, label: source.label };
}
