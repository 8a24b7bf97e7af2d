import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { faultDocument, faultLine } from "../content-faults.ts";
import { formatBytes } from "../format.ts";
import { remoteReferences } from "../location.ts";
import { openRepairTarget, openSource } from "../open-location.ts";
import { startProgress } from "../progress/start-progress.ts";
import { openSession } from "../session.ts";
import { UsageError } from "../usage-error.ts";

/** `{target, source, digest, ok, copied, bytes, replaced: [...], remaining: [...]}`. */
export async function run(call: Call): Promise<ExitCode> {
  const from = call.text("from");
  if (from === undefined)
    throw new UsageError("--from SOURCE is missing", "name a place that has the content whole");
  const session = await openSession(call, remoteReferences([call.argument("TARGET"), from]));
  const source = await openSource(call, session, from);
  const target = await openRepairTarget(call, session, call.argument("TARGET"));
  const report = await session.sdk.repair(target.store, target.ref, source.store, {
    signal: call.signal,
    concurrency: call.number("concurrency"),
    onProgress: startProgress(call),
  });
  const { before, copied, replaced, remaining, ok } = report;
  call.output.result(
    {
      target: target.label,
      source: source.label,
      digest: before.root.digest,
      ok,
      copied: copied.copied,
      bytes: copied.bytes,
      replaced: replaced.map(faultDocument),
      remaining: remaining.map(faultDocument),
    },
    () => [
      ...remaining.map(faultLine),
      `${copied.copied} missing pieces fetched (${formatBytes(copied.bytes)}), ${replaced.length} wrong ones replaced`,
      ok ? `${target.label} is whole` : `${target.label} is still not whole`,
    ],
  );
  return ok ? 0 : 6;
}
