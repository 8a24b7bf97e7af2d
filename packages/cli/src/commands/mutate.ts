import { readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { openImageArgument } from "../open-image-argument.ts";
import { requiredTarget } from "../required-target.ts";
import { publish } from "../transfer.ts";

/** As `reg copy`. */
export async function run(call: Call): Promise<undefined> {
  const to = requiredTarget(call);
  const { session, source } = await openImageArgument(call, [to]);
  const changes = {
    annotations: pairs(call, "annotation"),
    labels: pairs(call, "label"),
    env: pairs(call, "env"),
    entrypoint: words(call, "entrypoint"),
    cmd: words(call, "cmd"),
    user: call.text("user"),
    workingDir: call.text("workdir"),
    platform: call.text("set-platform"),
  };
  const made = await session.sdk.mutateImage(source.store, source.ref, changes, { signal: call.signal });
  await publish(call, session, { ...source, store: made.source, ref: made.descriptor.digest }, to);
}

function pairs(call: Call, option: string): Record<string, string> | undefined {
  const given = call.list(option);
  return given.length === 0 ? undefined : readPairs(option, given);
}

function words(call: Call, option: string): readonly string[] | undefined {
  const given = call.list(option);
  return given.length === 0 ? undefined : given;
}
