import { readPairs } from "../artifact-files.ts";
import type { Call } from "../call.ts";
import { parseLocation } from "../location.ts";
import { type OpenSource, openSource } from "../open-location.ts";
import { openSession, type Session } from "../session.ts";
import { publish } from "../transfer.ts";

/** As `reg copy`. */
export async function run(call: Call): Promise<undefined> {
  const to = call.argument("TARGET");
  const from = call.arguments("REF");
  const remotes = [to, ...from]
    .map(parseLocation)
    .flatMap((each) => (each.kind === "remote" ? [each.reference] : []));
  const session = await openSession(call, remotes);
  const inputs: OpenSource[] = [];
  for (const text of from) inputs.push(await openSource(call, session, text));
  const before = call.flag("append") ? await existing(call, session, to) : undefined;
  const annotations = readPairs("annotation", call.list("annotation"));
  const made = await session.sdk.buildIndex(
    inputs.map(({ store, ref }) => ({ source: store, ref })),
    {
      signal: call.signal,
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
      ...(before === undefined ? {} : { mergeInto: { source: before.store, ref: before.ref } }),
    },
  );
  const [first] = inputs;
  if (first === undefined) return;
  await publish(call, session, { ...first, store: made.source, ref: made.descriptor.digest }, to);
}

/** What TARGET names now; nothing, when this is the first platform. */
async function existing(call: Call, session: Session, to: string): Promise<OpenSource | undefined> {
  try {
    const source = await openSource(call, session, to);
    await source.store.resolve(source.ref, { signal: call.signal });
    return source;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}
