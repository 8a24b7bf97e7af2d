import { readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { openImageArgument } from "../open-image-argument.ts";
import { requiredTarget } from "../required-target.ts";
import { publish } from "../transfer.ts";

/** As `reg copy`. */
export async function run(call: Call): Promise<undefined> {
  const to = requiredTarget(call);
  const { session, source } = await openImageArgument(call, [to]);
  const { sdk } = session;
  const layers: Parameters<typeof sdk.appendLayers>[2][number][] = [];
  for (const path of call.arguments("LAYER.tar")) {
    const layer = await sdk.buildLayer(path, { signal: call.signal });
    call.defer(async () => layer[Symbol.asyncDispose]());
    const { descriptor, diffId, body } = layer;
    layers.push({ descriptor, diffId, body, history: { created_by: "reg append" } });
  }
  const appended = await sdk.appendLayers(source.store, source.ref, layers, { signal: call.signal });
  const annotations = readPairs("annotation", call.list("annotation"));
  const made =
    Object.keys(annotations).length === 0
      ? appended
      : await sdk.mutateImage(
          appended.source,
          appended.descriptor.digest,
          { annotations },
          { signal: call.signal },
        );
  await publish(call, session, { ...source, store: made.source, ref: made.descriptor.digest }, to);
}
