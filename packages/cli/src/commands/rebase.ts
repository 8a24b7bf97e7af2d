import type { Call } from "../call.ts";
import { openImageArgument } from "../open-image-argument.ts";
import { openSource } from "../open-location.ts";
import { requiredTarget } from "../required-target.ts";
import { publish } from "../transfer.ts";
import { UsageError } from "../usage-error.ts";

/** As `reg copy`. Without `--old-base` the image's annotations have to say what it was built on. */
export async function run(call: Call): Promise<undefined> {
  const to = requiredTarget(call);
  const newBase = call.text("new-base");
  if (newBase === undefined) throw new UsageError("--new-base REF is missing");
  const oldBase = call.text("old-base");
  const bases = oldBase === undefined ? [newBase] : [newBase, oldBase];
  const { session, source } = await openImageArgument(call, [to, ...bases]);
  const after = await openSource(call, session, newBase);
  const before = oldBase === undefined ? undefined : await openSource(call, session, oldBase);
  const made = await session.sdk.rebaseImage(
    source.store,
    source.ref,
    { source: after.store, ref: after.ref },
    {
      signal: call.signal,
      baseName: after.remote?.toString(),
      ...(before === undefined ? {} : { oldBase: { source: before.store, ref: before.ref } }),
    },
  );
  await publish(call, session, { ...source, store: made.source, ref: made.descriptor.digest }, to);
}
